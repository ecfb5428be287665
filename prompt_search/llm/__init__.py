"""Language models: everything that answers a `Request`, and the cache in front of it.

The way of a request, file by file:

    choose             from a specification to a model; doctor asks it too
    cached_model       answers from completion_cache, asks the model for the rest

    a model in this process:
    local              GGUF by llama.cpp, in a thread (hand_over); install gets the default model
    hf_model           transformers: hf_files finds and reads it, steering shifts what it thinks
    function           a callable

    a model behind an API (chat_model), from above to below:
    hand_over          an event loop behind an ordinary function, in notebooks too
    call_pool          all samples of a question, begun and collected; tells its traffic
    sample_call        one sample: attempts, waits and an end to them
    call_line          its place in the line, and how many may be in flight
    chat_request       its body, in the dialect the server turned out to take
    chat_call          one call in time, sent by
    openai_compatible  with the openai client (endpoint: where to, and what is secret of that), or
    litellm_model      with litellm (litellm_call sees what litellm's errors hide)
    chat_reply         the reply in what came back, or
    chat_fault         what went wrong and whether asking again helps

    used by several:   requests (made to fit a model), reply_text (fit to be stored), connection_settings, prices

What a model may have beside the protocol `optimizers.LanguageModel` is in `optimizers/language_model.py`, too.
"""
