"""Language models: everything that answers a `Request`, and the cache in front of it.

The way of a request, file by file:

    choose             from a specification to a model; doctor asks it too; connection_settings tries proxies first
    cached_model       answers from completion_cache (its SQL: completion_table), asks the model for the rest

    a model in this process:
    local              GGUF by llama.cpp: slots (threads), streamed_reply (token by token), install (the default model)
    hf_model           transformers: hf_files, hf_loading, decoding, steering
    function           a callable; required_abilities refuses what none of these three can do

    a model behind an API (chat_model), from above to below:
    event_loop         many calls behind an ordinary function, in notebooks too
    call_pool          all samples of a question, begun and collected; tells its traffic
    sample_call        one sample: attempts, waits and an end to them (patience)
    call_line          its place in the line; adaptive_limit says how many may be in flight
    chat_request       its body, in the dialect the server turned out to take; conversation shortens what is too long
    openai_compatible  sends it with the openai client (chat_call, endpoint), or
    litellm_model      with litellm (litellm_call, litellm_import; litellm_transport sees what litellm's errors hide)
    chat_reply         the reply in what came back, or
    chat_fault         what went wrong and whether asking again helps; connection_fault where nothing came

    used by several:   api_key, redaction (no secret in a text), reply_text (fit to be stored), prices

Beside the protocol `optimizers.LanguageModel` a model may have, and `CachedModel` passes on:

    abilities          what it can do beyond text
    attempts           the most calls for one sample that may be billed; without it, 1
    billable           after `complete` failed: for each sample how many calls may have been billed, so that what was
                       reserved for others is released; without it nothing is
    on_traffic         is told of calls under way
"""
