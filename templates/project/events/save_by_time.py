if waited >= cfg.train_time_interval:
    save_checkpoint(epoch, {})
