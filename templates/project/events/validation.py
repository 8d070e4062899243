model.on_validation_model_zero_grad({{ hooks.on_validation_model_zero_grad.arguments }})  #: if hooks.on_validation_model_zero_grad.defined
val_metrics: dict[str, float] = {}  #: if several_val and not keeps_val_metrics
with AVERAGED_WEIGHTS(model, averaged):  #: wrap if ema
    val_metrics = validate({{ val_arguments }}, val_loader)  #: if not several_val
    for name, val_loader in val_loaders.items():  #: if several_val
        val_metrics |= validate({{ val_arguments }}, f"val_{name}_", val_loader)
log.metrics(val_metrics, step=step, epoch=epoch)  #: if logs_metrics
if is_main:  #: wrap if distributed
    REPORT(f"epoch {epoch}  step {step}  {as_text(val_metrics)}")
validations += 1  #: if counts_validations
if epoch + 1 < swa_start:  #: wrap if swa_lrs_set and (scheduler_validation or plateau)
    scheduler.step()  #: if scheduler_validation and not scheduler_waits
    if SCHEDULER_DUE:  #: if scheduler_validation and scheduler_waits
        scheduler.step()
    scheduler.step(monitor_value(val_metrics, {{ plateau_monitor | literal }}))  #: if plateau and not scheduler_waits
    # after the epoch's last validation  #: if plateau_within_epoch
    if SCHEDULER_DUE:  #: if plateau and scheduler_waits
        scheduler.step(monitor_value(val_metrics, {{ plateau_monitor | literal }}))
early_stopping.update(val_metrics)  #: if early_stopping
