# The documented endpoints as they are called by clients that exist already, one curl line each.
# Each block: the status, the members of the answer that those clients read, and the line.

# 200 status service component version timestamp current_model ready loaded_models total_loaded
curl http://127.0.0.1:8080/health

# 200 model_id status supports_activations model_type num_layers hidden_size vocab_size quantization
curl -X POST http://127.0.0.1:8080/v1/models/load -H "Content-Type: application/json" -d '{
  "model_path": "Fixtures/models/circuits-5m",
  "model_id": null,
  "trust_remote_code": false,
  "max_kv_size": 4096,
  "vocab_only": false,
  "kv_bits": null,
  "kv_group_size": null,
  "quantized_kv_start": null
}'

# 200 object models data
curl http://127.0.0.1:8080/v1/models

# 200 id object created model choices usage
curl -X POST http://127.0.0.1:8080/v1/chat/completions -H "Content-Type: application/json" -d '{
  "model": "circuits-5m",
  "messages": [{"role": "user", "content": "What is three plus four?"}],
  "max_tokens": 100,
  "temperature": 0.7,
  "top_p": 0.9,
  "stop": null,
  "stream": false,
  "an_unknown_key": {"is": "ignored"}
}'

# 200 stream
curl -N -X POST http://127.0.0.1:8080/v1/chat/completions -H "Content-Type: application/json" -d '{
  "messages": [{"role": "user", "content": "What is three plus four?"}],
  "max_tokens": 20,
  "stream": true
}'

# 200 id object created model choices usage activations
curl -X POST http://127.0.0.1:8080/v1/chat/completions/with_activations -H "Content-Type: application/json" -d '{
  "model": "circuits-5m",
  "messages": [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France?"}
  ],
  "max_tokens": 80,
  "temperature": 0.7,
  "activation_hooks": [
    {"layer_name": "transformer.h.5", "component": "residual", "hook_id": "layer_5_residual",
     "capture_input": false, "capture_output": true},
    {"layer_name": "transformer.h.10", "component": "attention", "hook_id": "layer_10_attention"},
    {"layer_name": "transformer.h.15", "component": "mlp", "hook_id": "layer_15_mlp"},
    {"layer_name": "transformer.h.20", "component": "residual", "hook_id": "layer_20_residual"}
  ]
}'

# 200 stream
curl -N -X POST http://127.0.0.1:8080/v1/chat/completions/with_activations -H "Content-Type: application/json" -d '{
  "messages": [{"role": "user", "content": "What is the capital of France?"}],
  "max_tokens": 20,
  "stream": true,
  "activation_hooks": [{"layer_name": "model.layers.5.self_attn", "component": "attention"}]
}'

# 200 lines
curl -N -X POST http://127.0.0.1:8080/v1/chat/completions/with_activations -H "Accept: application/x-ndjson" -d '{
  "messages": [{"role": "user", "content": "What is the capital of France?"}],
  "max_tokens": 20,
  "stream": true,
  "activation_hooks": [{"layer_name": "transformer.h.5", "component": "attentionWeights"}]
}'

# 200 registered_hooks status
curl -X POST http://127.0.0.1:8080/v1/activations/hooks -H "Content-Type: application/json" -d '{
  "hooks": [{"layer_name": "transformer.h.5", "component": "layerNorm", "hook_id": "norm_5"}],
  "model": "circuits-5m"
}'

# 200 hooks
curl http://127.0.0.1:8080/v1/activations/hooks

# 200 activations
curl -X POST http://127.0.0.1:8080/v1/chat/completions/with_activations -d '{
  "messages": [{"role": "user", "content": "What is the capital of France?"}],
  "max_tokens": 2,
  "use_registered_hooks": true
}'

# 200 status
curl -X DELETE http://127.0.0.1:8080/v1/activations/hooks

# 200 status
curl -X DELETE http://127.0.0.1:8080/v1/activations/hooks -H "Content-Type: application/json" -d '{"model": "circuits-5m"}'

# 200 models
curl http://127.0.0.1:8080/v1/models/available

# 200 service
curl http://127.0.0.1:8080/v1/capabilities

# 200 id model_id
curl http://127.0.0.1:8080/v1/models/circuits-5m

# 200 hook_points
curl http://127.0.0.1:8080/v1/models/circuits-5m/hook_points

# 200 tokens pieces
curl -X POST http://127.0.0.1:8080/v1/tokenize -d '{"text": "The capital of France is Paris."}'

# 200 text
curl -X POST http://127.0.0.1:8080/v1/detokenize -d '{"tokens": [333, 401]}'

# 200 prompt tokens
curl -X POST http://127.0.0.1:8080/v1/apply_template -d '{"messages": [{"role": "user", "content": "Hello"}]}'

# 200 id object created model choices usage
curl -X POST http://127.0.0.1:8080/v1/completions -d '{"prompt": "The capital of France is", "max_tokens": 5}'

# 400 error code details request_id
curl -X POST http://127.0.0.1:8080/v1/models/load -d '{}'

# 404 error code details request_id
curl -X POST http://127.0.0.1:8080/v1/chat/completions -d '{"model": "absent", "messages": []}'

# 404 error
curl http://127.0.0.1:8080/v1/nothing/here

# 405 error
curl -X DELETE http://127.0.0.1:8080/v1/models
