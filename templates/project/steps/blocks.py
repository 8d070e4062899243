log.step = step + 1  # the step that this batch makes  #: if hooks_log
#: include "project/steps/batch.py"
model.on_train_batch_start({{ hooks.on_train_batch_start.arguments }})  #: if hooks.on_train_batch_start.defined

#: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
# {{ block.name }}
if RUNS:  #: wrap if block.every_n
    # {{ block.name }}  #: if not block.every_n
    with TRAIN_ONLY(model, PARAMETERS_OF):
        model.on_before_zero_grad({{ block.hooks.on_before_zero_grad.arguments }})  #: if block.hooks.on_before_zero_grad.defined and not block.accumulate
        OPTIMIZER_OF.zero_grad()  #: if not block.accumulate
        with torch.autocast(DEVICE_TYPE, dtype=AMP_DTYPE):  #: wrap if amp
            with default_dtype(MODEL_DTYPE):  #: wrap if true_precision
                outputs = STEP_OF({{ block.step_arguments }})  #: if block.returns_dict
                loss = STEP_OF({{ block.step_arguments }})  #: if not block.returns_dict
        loss = outputs["loss"]  #: if block.returns_dict
        model.on_before_backward({{ block.hooks.on_before_backward.arguments }})  #: if block.hooks.on_before_backward.defined
        SCALER_OF.scale({{ block.loss_term }}).backward()  #: if fp16
        loss.backward()  #: if not fp16 and not block.accumulate
        ({{ block.loss_term }}).backward()  #: if not fp16 and block.accumulate
        model.on_after_backward({{ block.hooks.on_after_backward.arguments }})  #: if block.hooks.on_after_backward.defined
        if STEPS:  #: wrap if block.accumulate
            SCALER_OF.unscale_(OPTIMIZER_OF)  #: if block.unscales
            model.on_before_optimizer_step({{ block.hooks.on_before_optimizer_step.arguments }})  #: if block.hooks.on_before_optimizer_step.defined
            nn.utils.clip_grad_norm_(PARAMETERS_OF, CLIP_VAL)  #: if block.clip_norm
            nn.utils.clip_grad_value_(PARAMETERS_OF, CLIP_VAL)  #: if block.clip_value
            OPTIMIZER_OF.step()  #: if not fp16
            SCALER_OF.step(OPTIMIZER_OF)  #: if fp16
            SCALER_OF.update()  #: if fp16
            model.on_before_zero_grad({{ block.hooks.on_before_zero_grad.arguments }})  #: if block.hooks.on_before_zero_grad.defined and block.accumulate
            OPTIMIZER_OF.zero_grad()  #: if block.accumulate
    train_metrics.append(outputs, num_samples(batch), step + 1, prefix={{ block.prefix | literal }})  #: if block.returns_dict
    train_metrics.append({"loss": loss}, num_samples(batch), step + 1, prefix={{ block.prefix | literal }})  #: if not block.returns_dict

#: endfor
averaged.update_parameters(AVERAGED)  #: if ema and not ema_every_n
if step % cfg.ema_update_every_n_steps == 0:  #: if ema_every_n
    averaged.update_parameters(AVERAGED)
