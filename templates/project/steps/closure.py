log.step = step + 1  # the step that this batch makes  #: if hooks_log
#: include "project/steps/batch.py"
model.on_train_batch_start({{ hooks.on_train_batch_start.arguments }})  #: if hooks.on_train_batch_start.defined
outputs: dict[str, Tensor] = {}  # of the first evaluation

def closure() -> Tensor:
    """Return the loss and leave its gradients: a step asks several times."""
    with torch.autocast(DEVICE_TYPE, dtype=AMP_DTYPE):  #: wrap if amp
        with default_dtype(MODEL_DTYPE):  #: wrap if true_precision
            evaluated = TRAINING_STEP({{ training_step_arguments }})  #: if step_returns_dict
            loss = TRAINING_STEP({{ training_step_arguments }})  #: if not step_returns_dict
    loss = evaluated["loss"]  #: if step_returns_dict
    model.on_before_zero_grad({{ hooks.on_before_zero_grad.arguments }})  #: if hooks.on_before_zero_grad.defined
    optimizer.zero_grad()
    model.on_before_backward({{ hooks.on_before_backward.arguments }})  #: if hooks.on_before_backward.defined
    loss.backward()
    model.on_after_backward({{ hooks.on_after_backward.arguments }})  #: if hooks.on_after_backward.defined
    model.on_before_optimizer_step({{ hooks.on_before_optimizer_step.arguments }})  #: if hooks.on_before_optimizer_step.defined
    nn.utils.clip_grad_norm_(model.parameters(), cfg.gradient_clip_val)  #: if clip_norm
    nn.utils.clip_grad_value_(model.parameters(), cfg.gradient_clip_val)  #: if clip_value
    if not outputs:
        outputs.update(evaluated)  #: if step_returns_dict
        outputs["loss"] = loss  #: if not step_returns_dict
    return global_mean(loss)  # all ranks take the same decisions  #: if distributed
    return loss  #: if not distributed

optimizer.step(closure)
train_metrics.append(outputs, num_samples(batch), step + 1)
averaged.update_parameters(model)  #: if ema and not ema_every_n
if step % cfg.ema_update_every_n_steps == 0:  #: if ema_every_n
    averaged.update_parameters(model)
loss = outputs["loss"]  #: if hands_on_loss
