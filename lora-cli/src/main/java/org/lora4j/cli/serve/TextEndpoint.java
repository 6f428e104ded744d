package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;

/** Generates text, as a whole or as a stream of events. */
final class TextEndpoint implements Endpoint {
    private final ServedDecoder decoder;
    private final TextForm form;

    TextEndpoint(ServedDecoder decoder, TextForm form) {
        this.decoder = decoder;
        this.form = form;
    }

    /** What a request asks for, and how it is answered. */
    private record Asked(TextRequest request, boolean isStream, boolean withUsage) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        String adapter = decoder.adapter(model);
        Asked asked = decoder.limited(adapter, body, deadline, () -> read(body.json(form.rules()), adapter));
        body.free();
        Head head = new Head(
                form.idPrefix() + UUID.randomUUID().toString().replace("-", ""),
                Instant.now().getEpochSecond(),
                model);
        int promptTokens = asked.request.prompt().length;
        TextGeneration generation = TextGeneration.start(decoder, asked.request, deadline);
        if (asked.isStream) {
            stream(generation, new Events(head, answer, generation, asked.withUsage), promptTokens);
        } else {
            whole(generation, head, answer, promptTokens);
        }
    }

    private Asked read(JsonBody json, String adapter) {
        boolean isStream = json.flag("stream");
        boolean withUsage = withUsage(json);
        int[] prompt = form.prompt(json);
        return new Asked(TextRequest.of(json, adapter, prompt, decoder, form.defaultTokens()), isStream, withUsage);
    }

    private static boolean withUsage(JsonBody body) {
        JsonNode options = body.get("stream_options");
        return options != null && options.path("include_usage").asBoolean();
    }

    /** What each part of an answer says. */
    private record Head(String id, long created, String model) {}

    private ObjectNode node(Head head, boolean isPart) {
        return JsonBody.MAPPER
                .createObjectNode()
                .put("id", head.id)
                .put("object", form.type(isPart))
                .put("created", head.created)
                .put("model", head.model);
    }

    private static ObjectNode choice(ObjectNode node, @Nullable String finish) {
        return node.putArray("choices")
                .addObject()
                .put("index", 0)
                .putNull("logprobs")
                .put("finish_reason", finish);
    }

    private static void usage(ObjectNode node, int prompt, int tokens) {
        node.putObject("usage")
                .put("prompt_tokens", prompt)
                .put("completion_tokens", tokens)
                .put("total_tokens", prompt + tokens);
    }

    private void whole(TextGeneration generation, Head head, Answer answer, int prompt) throws IOException {
        StringBuilder text = new StringBuilder();
        TextGeneration.End end = generation.run(new TextGeneration.Receiver() {
            @Override
            public void text(String part) {
                text.append(part);
            }

            @Override
            public void alive() {
                // Nothing can be sent before the whole answer.
            }
        });
        ObjectNode node = node(head, false);
        form.whole(choice(node, end.finish()), text.toString());
        usage(node, prompt, end.tokens());
        generation.adapter().ifPresent(used -> AdapterHeaders.set(answer, used));
        answer.json(200, node);
    }

    private void stream(TextGeneration generation, Events events, int prompt) throws IOException {
        TextGeneration.End end = generation.run(events);
        events.end(end, prompt);
    }

    /** The events of a stream. */
    private final class Events implements TextGeneration.Receiver {
        private final Head head;
        private final Answer answer;
        private final TextGeneration generation;
        private final boolean withUsage;

        /** Whether the client knows the adapter, or there is none. */
        private boolean saysAdapter;

        Events(Head head, Answer answer, TextGeneration generation, boolean withUsage) {
            this.head = head;
            this.answer = answer;
            this.generation = generation;
            this.withUsage = withUsage;
        }

        private void begin() throws IOException {
            if (!answer.isBegun()) {
                generation.adapter().ifPresent(this::setHeaders);
                answer.beginEvents();
                send(null, "", true);
            }
        }

        private void setHeaders(UsedAdapter used) {
            AdapterHeaders.set(answer, used);
            saysAdapter = true;
        }

        /** The headers of a request that waited were sent before its adapter was known. A comment then says what they would. */
        private void sayAdapter() throws IOException {
            UsedAdapter used = saysAdapter ? null : generation.adapter().orElse(null);
            if (used != null) {
                answer.part(": " + AdapterHeaders.NAME + " " + AdapterHeaders.encode(used.name()) + "\n: "
                        + AdapterHeaders.FINGERPRINT + " " + used.fingerprint() + "\n\n");
                saysAdapter = true;
            }
        }

        private void send(@Nullable String finish, @Nullable String text, boolean isFirst) throws IOException {
            ObjectNode node = node(head, true);
            form.part(choice(node, finish), text, isFirst);
            if (withUsage) {
                node.putNull("usage");
            }
            answer.event(node.toString());
        }

        @Override
        public void text(String part) throws IOException {
            begin();
            sayAdapter();
            send(null, part, false);
        }

        @Override
        public void alive() throws IOException {
            begin();
            answer.part(": waiting\n\n");
        }

        void end(TextGeneration.End end, int prompt) throws IOException {
            begin();
            sayAdapter();
            send(end.finish(), null, false);
            if (withUsage) {
                ObjectNode node = node(head, true);
                node.putArray("choices");
                usage(node, prompt, end.tokens());
                answer.event(node.toString());
            }
            answer.event("[DONE]");
        }
    }
}
