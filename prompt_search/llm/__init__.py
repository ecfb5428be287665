"""Language models: everything that answers a `Request`, and the cache in front of it.

The way of a request, file by file:

    choose                 from a specification to a model; doctor asks it too
    cached_model           answers from completion_cache, asks the model for the rest

    a model in this process:
    local/                 GGUF by llama.cpp: model, in a thread (hand_over); likelihood; install gets the default one
    hf/                    transformers: files finds and reads it, model writes, steering shifts what it thinks
    function               a callable

    a model behind an API, in api/ (chat_model), from above to below:
    call_pool              all samples of a question, begun and collected in an event loop (hand_over)
    sample_call            one sample: attempts, waits and an end to them
    call_line              its place in the line, and how many may be in flight
    chat_request           its body, in the dialect the server turned out to take
    chat_call              one call in time, sent by
    openai_compatible      with the openai client (endpoint: where to, and what is secret of that), or
    litellm_model          with litellm (litellm_call sees what litellm's errors hide)
    answer_body            what is read of what came back: bounded, and no redirect
    chat_reply             the reply in it, or
    chat_fault             what went wrong and whether asking again helps
    connection_settings    keys, proxies and certificates that the environment names

    used by several:       requests (made to fit a model), reply_text (fit to be stored), hand_over, prices

What a model may have beside the protocol `optimizers.LanguageModel` is in `optimizers/language_model.py`, too.
"""
