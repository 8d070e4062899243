batch = to_dtype(batch, MODEL_DTYPE)  #: if true_precision
batch = model.on_before_batch_transfer({{ hooks.on_before_batch_transfer.arguments }})  #: if hooks.on_before_batch_transfer.defined
batch = model.transfer_batch_to_device({{ hooks.transfer_batch_to_device.arguments }})  #: if hooks.transfer_batch_to_device.defined
batch = to_device(batch, device)  #: if copies_batches
batch = model.on_after_batch_transfer({{ hooks.on_after_batch_transfer.arguments }})  #: if hooks.on_after_batch_transfer.defined
