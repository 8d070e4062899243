# parameters are gathered for a forward or backward pass and sharded again after it
mesh = init_device_mesh(DEVICE_TYPE, (world_size,))
policy = MixedPrecisionPolicy(  #: if amp
    param_dtype=AMP_DTYPE,
    reduce_dtype=torch.float32,
    cast_forward_inputs=False,  # autocast casts what needs it
)
shard_batch_norm(model, mesh)  # which keeps its weights and statistics in float32  #: if amp
for module in modules_by_class(model, {{ fsdp_wrap_names }}):  #: if fsdp_wrap
    fully_shard(module, {{ fsdp_arguments }})
fsdp = fully_shard(model, {{ fsdp_arguments }})  #: if accumulate
fully_shard(model, {{ fsdp_arguments }})  #: if not accumulate
#: for step in gathering_steps
register_fsdp_forward_method(model, {{ step | literal }})  # uses parameters beside model(...)
#: endfor
# a hook that calls the model meets parameters in half precision too
autocast_methods(model, DEVICE_TYPE, AMP_DTYPE, {{ autocast_hooks }})  #: if autocasts_hooks
