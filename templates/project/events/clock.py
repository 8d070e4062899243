if from_main(checkpoint_age, checkpoints) >= cfg.train_time_interval:  #: if save_by_time
    save_checkpoint({{ save_unranked }})
