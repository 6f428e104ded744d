package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;

/** Generates text, as a whole or as a stream of events. */
final class TextEndpoint implements Endpoint {
    private static final int MOST_ANSWERS = 64;

    private final ServedDecoder decoder;
    private final TextForm form;

    TextEndpoint(ServedDecoder decoder, TextForm form) {
        this.decoder = decoder;
        this.form = form;
    }

    /**
     * What a request asks for, and how it is answered.
     *
     * @param requests each answer, those of the first prompt first
     * @param echoes the text with which each answer begins
     * @param promptTokens the tokens of all prompts
     */
    private record Asked(
            List<TextRequest> requests, List<String> echoes, int promptTokens, boolean isStream, boolean withUsage) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        String adapter = decoder.adapter(model);
        Asked asked = decoder.limited(adapter, body, deadline, () -> read(body.json(form.rules()), adapter));
        body.free();
        Head head = new Head(
                form.idPrefix() + UUID.randomUUID().toString().replace("-", ""),
                Instant.now().getEpochSecond(),
                model);
        TextGenerations generations = TextGenerations.start(decoder, asked.requests, deadline);
        if (asked.isStream) {
            Events events = new Events(head, answer, generations, asked);
            generations.run(events);
            events.end();
        } else {
            whole(generations, head, answer, asked);
        }
    }

    private Asked read(JsonBody json, String adapter) {
        boolean isStream = json.flag("stream");
        boolean withUsage = withUsage(json);
        int count = (int) json.whole("n", 1, 1, MOST_ANSWERS);
        List<TextForm.Prompt> prompts = form.prompts(json);
        if (prompts.size() * count > MOST_ANSWERS) {
            throw ApiException.field(
                    "n",
                    "so small that all prompts have at most " + MOST_ANSWERS + " answers together",
                    count + " for each of " + prompts.size() + " prompts");
        }
        List<TextRequest> requests = new ArrayList<>();
        List<String> echoes = new ArrayList<>();
        int tokens = 0;
        for (TextForm.Prompt prompt : prompts) {
            TextRequest request = TextRequest.of(json, adapter, prompt, decoder, form.defaultTokens());
            for (int i = 0; i < count; i++) {
                requests.add(request.another(requests.size()));
                echoes.add(prompt.echo());
            }
            tokens += prompt.tokens().length;
        }
        return new Asked(requests, echoes, tokens, isStream, withUsage);
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

    private static ObjectNode choice(ArrayNode choices, int index, @Nullable String finish) {
        return choices.addObject().put("index", index).putNull("logprobs").put("finish_reason", finish);
    }

    private static void usage(ObjectNode node, int prompt, int tokens) {
        node.putObject("usage")
                .put("prompt_tokens", prompt)
                .put("completion_tokens", tokens)
                .put("total_tokens", prompt + tokens);
    }

    private void whole(TextGenerations generations, Head head, Answer answer, Asked asked) throws IOException {
        List<WholeText> texts = asked.echoes.stream().map(WholeText::new).toList();
        generations.run(new TextGenerations.Receiver() {
            @Override
            public void part(int index, AnswerPart part) {
                texts.get(index).add(part);
            }

            @Override
            public void end(int index, String finish) {
                texts.get(index).end(finish);
            }

            @Override
            public void alive() {
                // Nothing can be sent before the whole answer.
            }
        });
        ObjectNode node = node(head, false);
        ArrayNode choices = node.putArray("choices");
        for (int i = 0; i < texts.size(); i++) {
            texts.get(i).write(form, choices, i);
        }
        usage(node, asked.promptTokens, generations.count());
        generations.adapter().ifPresent(used -> AdapterHeaders.set(answer, used));
        answer.json(200, node);
    }

    /** Who wants calls of tools looks whether there are some here. */
    private static String finish(String finish, boolean hasCalls) {
        return hasCalls && finish.equals("stop") ? "tool_calls" : finish;
    }

    /** An answer that is put together. */
    private static final class WholeText {
        private final String echo;
        private final List<AnswerPart> parts = new ArrayList<>();
        private String finish = "";

        WholeText(String echo) {
            this.echo = echo;
        }

        void add(AnswerPart part) {
            parts.add(part);
        }

        void end(String why) {
            finish = why;
        }

        void write(TextForm form, ArrayNode choices, int index) {
            ToolAnswer answer = ToolAnswer.of(parts);
            List<ToolCall> calls =
                    answer.calls().stream().map(ToolCall::identified).toList();
            form.whole(choice(choices, index, finish(finish, !calls.isEmpty())), echo + answer.text(), calls);
        }
    }

    /** The events of a stream. */
    private final class Events implements TextGenerations.Receiver {
        private final Head head;
        private final Answer answer;
        private final TextGenerations generations;
        private final Asked asked;

        /** How many calls of tools each answer has. */
        private final int[] calls;

        /** Whether the client knows the adapter, or there is none. */
        private boolean saysAdapter;

        Events(Head head, Answer answer, TextGenerations generations, Asked asked) {
            this.head = head;
            this.answer = answer;
            this.generations = generations;
            this.asked = asked;
            calls = new int[asked.requests.size()];
        }

        private void begin() throws IOException {
            if (!answer.isBegun()) {
                generations.adapter().ifPresent(this::setHeaders);
                answer.beginEvents();
                for (int i = 0; i < asked.echoes.size(); i++) {
                    send(i, null, new StreamedPart.Begin(asked.echoes.get(i)));
                }
            }
        }

        private void setHeaders(UsedAdapter used) {
            AdapterHeaders.set(answer, used);
            saysAdapter = true;
        }

        /** The headers of a request that waited were sent before its adapter was known. A comment then says what they would. */
        private void sayAdapter() throws IOException {
            UsedAdapter used = saysAdapter ? null : generations.adapter().orElse(null);
            if (used != null) {
                answer.part(": " + AdapterHeaders.NAME + " " + AdapterHeaders.encode(used.name()) + "\n: "
                        + AdapterHeaders.FINGERPRINT + " " + used.fingerprint() + "\n\n");
                saysAdapter = true;
            }
        }

        private void send(int index, @Nullable String finish, @Nullable StreamedPart part) throws IOException {
            ObjectNode node = node(head, true);
            form.part(choice(node.putArray("choices"), index, finish), part);
            if (asked.withUsage) {
                node.putNull("usage");
            }
            answer.event(node.toString());
        }

        @Override
        public void part(int index, AnswerPart part) throws IOException {
            StreamedPart sent = null;
            if (part instanceof AnswerPart.Text some) {
                sent = new StreamedPart.Text(some.text());
            } else if (part instanceof AnswerPart.CallBegins call) {
                sent = new StreamedPart.Call(call.index(), ToolCall.newId(), call.name());
            } else if (part instanceof AnswerPart.Arguments some) {
                sent = new StreamedPart.Arguments(some.index(), some.json());
            } else if (part instanceof AnswerPart.CallEnds) {
                calls[index]++;
            }
            // What fails is no call, and comes as text.
            if (sent != null) {
                begin();
                sayAdapter();
                send(index, null, sent);
            }
        }

        @Override
        public void alive() throws IOException {
            begin();
            answer.part(": waiting\n\n");
        }

        @Override
        public void end(int index, String finish) throws IOException {
            begin();
            sayAdapter();
            send(index, finish(finish, calls[index] > 0), null);
        }

        /** Ends the stream after the last text. */
        void end() throws IOException {
            if (asked.withUsage) {
                ObjectNode node = node(head, true);
                node.putArray("choices");
                usage(node, asked.promptTokens, generations.count());
                answer.event(node.toString());
            }
            answer.event("[DONE]");
        }
    }
}
