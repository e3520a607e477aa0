package dev.sluice.bridge.encode;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.bridge.observe.ObservedRequest;
import dev.sluice.models.EncoderInput;
import dev.sluice.runtime.EncodingFailed;
import dev.sluice.runtime.RequestRejected;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Texts on their way through an encoder, with refusals in the words of HTTP. A client that leaves
/// takes back what has not begun.
public final class EncodingRun {
    private EncodingRun() { }

    /// @param field  that the texts came in, for messages
    static float[][] run(Exchange exchange, HostedEncoder encoder, List<EncoderInput> inputs,
            String field) {
        return run(exchange::onGone, encoder, inputs, field);
    }

    /// The same, whichever way a client leaves.
    ///
    /// @param leaving  is told what to do then
    public static float[][] run(Consumer<Runnable> leaving, HostedEncoder encoder,
            List<EncoderInput> inputs, String field) {
        Thread caller = Thread.currentThread();
        leaving.accept(caller::interrupt);
        long begin = System.nanoTime();
        try {
            float[][] vectors = encoder.engine().encode(inputs);
            long nanos = System.nanoTime() - begin;
            ObservedRequest.current().ifPresent(request ->
                    request.encoded(encoder.name(), tokens(inputs), nanos));
            return vectors;
        } catch (RequestRejected e) {
            throw switch (e.reason()) {
                case OVERLOADED -> new ApiException(
                        ApiException.Kind.OVERLOADED, "", e.getMessage());
                case ENGINE_STOPPED -> new ApiException(
                        ApiException.Kind.UNAVAILABLE, "", e.getMessage());
                case CONTEXT_LENGTH_EXCEEDED, INVALID_REQUEST -> ApiException.invalid(
                        field, field + ": " + e.getMessage());
            };
        } catch (EncodingFailed e) {
            throw new ApiException(ApiException.Kind.FAILED, "", e.getMessage());
        }
    }

    /// Tokens of all texts, none of which generated any.
    static Map<String, Object> usage(List<EncoderInput> inputs) {
        long tokens = tokens(inputs);
        var usage = new LinkedHashMap<String, Object>();
        usage.put("prompt_tokens", tokens);
        usage.put("total_tokens", tokens);
        return usage;
    }

    private static long tokens(List<EncoderInput> inputs) {
        long tokens = 0;
        for (EncoderInput input : inputs) {
            tokens += input.length();
        }
        return tokens;
    }
}
