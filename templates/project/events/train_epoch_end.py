model.on_train_epoch_end({{ hooks.on_train_epoch_end.arguments }})  #: if hooks.on_train_epoch_end.defined and not train_epoch_end_returns
returned = model.on_train_epoch_end({{ hooks.on_train_epoch_end.arguments }})  #: if train_epoch_end_returns and not distributed
# the mean of what each rank has seen  #: if train_epoch_end_returns and distributed
returned = mean_over_ranks(model.on_train_epoch_end({{ hooks.on_train_epoch_end.arguments }}))  #: if train_epoch_end_returns and distributed
row = {f"train_{name}_epoch": float(value) for name, value in returned.items()}  #: if train_epoch_end_returns
metrics |= row  #: if train_epoch_end_returns
log.metrics(row, step=step, epoch=epoch)  #: if logs_metrics and train_epoch_end_returns
reset_metrics(model)  # metric objects count anew in each epoch  #: if metric_objects
