if waited >= cfg.train_time_interval:
    save_checkpoint(epoch, {})
    saved_at = time.monotonic()
