if waited >= cfg.train_time_interval:
    save_checkpoint(epoch, POSITION, {})
    saved_at = time.monotonic()
