val_metrics = validate({{ val_arguments }}, val_loader)  #: if not several_val
val_metrics = {}  #: if several_val
for name, val_loader in val_loaders.items():  #: if several_val
    val_metrics |= validate({{ val_arguments }}, f"val_{name}_", val_loader)
if is_main:  #: wrap if distributed
    csv_logger.log(val_metrics, step=step, epoch=epoch)  #: if csv
    tensorboard.log(val_metrics, step=step, epoch=epoch)  #: if tensorboard
    bar.write(f"epoch {epoch}  step {step}  {as_text(val_metrics)}")  #: if bar
    print(f"epoch {epoch}  step {step}  {as_text(val_metrics)}")  #: if not bar
scheduler.step()  #: if scheduler_validation
scheduler.step(monitor_value(val_metrics, {{ plateau_monitor | literal }}))  #: if plateau_on_validation
early_stopping.update(val_metrics)  #: if early_on_validation
