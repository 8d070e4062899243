if from_main(checkpoints.age) >= cfg.train_time_interval:  # rank 0's clock  #: if save_by_time
    save_checkpoint(epoch, {})
