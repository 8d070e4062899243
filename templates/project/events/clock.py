# one clock decides for all ranks  #: if save_by_time
waited = from_main(lambda since: time.monotonic() - since, saved_at)  #: if save_by_time
if waited >= cfg.train_time_interval:  #: if save_by_time
    save_checkpoint(epoch, {})
