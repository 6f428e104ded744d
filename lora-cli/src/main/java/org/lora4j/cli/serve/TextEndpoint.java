package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.LogProbabilities;
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
     * @param requests each text, those of the first prompt first
     * @param echoes the text with which each answer begins
     * @param promptTokens the tokens of all prompts
     * @param each how many texts of each prompt are generated
     * @param answers how many of them, the most probable ones, are the answers
     * @param logProbabilities how many of the most probable tokens each answer has at each step; empty for no log probabilities
     * @param ofPrompt which log probabilities of the prompts the answers have
     */
    private record Asked(
            List<TextRequest> requests,
            List<String> echoes,
            int promptTokens,
            int each,
            int answers,
            OptionalInt logProbabilities,
            PromptLogProbabilities ofPrompt,
            boolean isStream,
            boolean withUsage) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        String adapter = decoder.adapter(model);
        Asked asked = decoder.limited(adapter, body, deadline, () -> read(body.json(form.rules()), adapter));
        Head head = new Head(
                form.idPrefix() + UUID.randomUUID().toString().replace("-", ""),
                Instant.now().getEpochSecond(),
                model);
        if (asked.ofPrompt.computed().isPresent()) {
            answer.grow(asked.promptTokens, asked.ofPrompt.computed());
        }
        TextGenerations generations = TextGenerations.start(decoder, asked.requests, deadline, answer.use());
        AnnotationsHeader.set(answer, generations.annotations());
        // Until here its schemas wait to be compiled.
        body.free();
        try {
            if (asked.isStream) {
                Events events = new Events(head, answer, generations, asked);
                generations.run(events);
                events.end();
            } else {
                whole(generations, head, answer, asked);
            }
        } finally {
            answer.use().tokens(asked.promptTokens, generations.count());
        }
    }

    private Asked read(JsonBody json, String adapter) {
        boolean isStream = json.flag("stream");
        boolean withUsage = withUsage(json);
        int count = (int) json.whole("n", 1, 1, MOST_ANSWERS);
        int each = each(json, count, isStream);
        OptionalInt logProbabilities = form.logProbabilities(json);
        PromptLogProbabilities ofPrompt = PromptLogProbabilities.of(json, logProbabilities, isStream);
        // The mean of those of the tokens decides which texts are the best.
        OptionalInt computed = each > count && logProbabilities.isEmpty() ? OptionalInt.of(0) : logProbabilities;
        List<TextForm.Prompt> prompts = form.prompts(json);
        if (prompts.size() * each > MOST_ANSWERS) {
            throw ApiException.field(
                    each > count ? "best_of" : "n",
                    "so small that all prompts have at most " + MOST_ANSWERS + " answers together",
                    each + " for each of " + prompts.size() + " prompts");
        }
        if (logProbabilities.isPresent() || ofPrompt.computed().isPresent()) {
            decoder.requireBytes(logProbabilities.isPresent() ? "logprobs" : TextRequest.PROMPT_LOG_PROBABILITIES);
        }
        List<TextRequest> requests = new ArrayList<>();
        List<String> echoes = new ArrayList<>();
        int tokens = 0;
        for (TextForm.Prompt prompt : prompts) {
            TextRequest request = TextRequest.of(json, adapter, prompt, decoder, form.defaultTokens())
                    .withLogProbabilities(computed);
            if (ofPrompt.echoed().isPresent()) {
                request = request.withEchoed(
                        prompt.echo().codePointCount(0, prompt.echo().length()));
            }
            for (int i = 0; i < each; i++) {
                TextRequest another = request.another(requests.size());
                // All answers of a prompt have its log probabilities from the first one.
                requests.add(i == 0 ? another.withPromptLogProbabilities(ofPrompt.computed()) : another);
                echoes.add(prompt.echo());
            }
            tokens += prompt.tokens().length;
        }
        return new Asked(requests, echoes, tokens, each, count, logProbabilities, ofPrompt, isStream, withUsage);
    }

    private static int each(JsonBody json, int count, boolean isStream) {
        int each = (int) json.whole("best_of", count, count, MOST_ANSWERS);
        if (isStream && each > count) {
            throw ApiException.unsupported(
                    "best_of",
                    "best_of is not supported beside stream, because the best texts are known at their ends: it must be n"
                            + " or absent, found " + each);
        }
        return each;
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

    private static void usage(ObjectNode node, Asked asked, TextGenerations generations) {
        int tokens = generations.count();
        ObjectNode usage = node.putObject("usage")
                .put("prompt_tokens", asked.promptTokens)
                .put("completion_tokens", tokens)
                .put("total_tokens", asked.promptTokens + tokens);
        usage.putObject("prompt_tokens_details").put("cached_tokens", generations.reusedTokens(asked.each));
    }

    /**
     * Adds an answer, or a part of it.
     *
     * @param tokens its tokens with their log probabilities; null for none
     */
    private ObjectNode choice(
            ArrayNode choices, int index, @Nullable List<AnswerToken> tokens, @Nullable String finish) {
        ObjectNode choice = choices.addObject().put("index", index);
        if (tokens == null) {
            choice.putNull("logprobs");
        } else {
            choice.putPOJO("logprobs", new LaterJson(json -> form.writeLogProbabilities(tokens, json)));
        }
        return choice.put("finish_reason", finish);
    }

    private void whole(TextGenerations generations, Head head, Answer answer, Asked asked) throws IOException {
        List<WholeText> texts =
                Stream.generate(WholeText::new).limit(asked.requests.size()).toList();
        generations.run(new TextGenerations.Receiver() {
            @Override
            public void piece(int index, TextPiece piece) {
                answer.grow(piece.tokens().size(), asked.logProbabilities);
                texts.get(index).add(piece);
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
        for (int index : best(generations, asked)) {
            write(index, texts.get(index), generations, asked, node, choices);
        }
        usage(node, asked, generations);
        generations.adapter().ifPresent(used -> AdapterHeaders.set(answer, used));
        answer.use().tokens(asked.promptTokens, generations.count());
        answer.json(200, node);
    }

    /** The texts that are the answers: all, or the most probable ones of each prompt. */
    private static List<Integer> best(TextGenerations generations, Asked asked) {
        List<Integer> best = new ArrayList<>();
        for (int from = 0; from < asked.requests.size(); from += asked.each) {
            Stream<Integer> ofPrompt = IntStream.range(from, from + asked.each).boxed();
            if (asked.each > asked.answers) {
                ofPrompt = ofPrompt.sorted(Comparator.comparingDouble(index -> -generations.meanLogProbability(index)));
            }
            ofPrompt.limit(asked.answers).forEach(best::add);
        }
        return best;
    }

    private void write(
            int index, WholeText text, TextGenerations generations, Asked asked, ObjectNode whole, ArrayNode choices) {
        PromptLogProbabilities ofPrompt = asked.ofPrompt;
        List<LogProbabilities.OfToken> found = ofPrompt.computed().isEmpty()
                ? List.of()
                : generations.promptLogProbabilities(index - index % asked.each);
        List<AnswerToken> tokens = new ArrayList<>();
        if (ofPrompt.echoed().isPresent()) {
            tokens.addAll(ofPrompt.tokens(
                    decoder.tokenizer(), asked.requests.get(index).prompt(), found));
        }
        tokens.addAll(text.tokens);
        ToolAnswer answer = ToolAnswer.of(text.parts);
        List<ToolCall> calls = answer.calls().stream().map(ToolCall::identified).toList();
        ObjectNode choice = choice(
                choices,
                choices.size(),
                asked.logProbabilities.isPresent() ? tokens : null,
                finish(text.finish, !calls.isEmpty()));
        form.whole(choice, new ToolAnswer(answer.thoughts(), asked.echoes.get(index) + answer.text(), calls));
        if (ofPrompt.listed().isPresent()) {
            form.ofPrompt(whole, choice)
                    .putPOJO(
                            TextRequest.PROMPT_LOG_PROBABILITIES,
                            new LaterJson(
                                    json -> new LogProbabilityJson(decoder).ofPrompt(ofPrompt.list(found), json)));
        }
    }

    /** Who wants calls of tools looks whether there are some here. */
    private static String finish(String finish, boolean hasCalls) {
        return hasCalls && finish.equals("stop") ? "tool_calls" : finish;
    }

    /** A text that is put together. */
    private static final class WholeText {
        private final List<AnswerPart> parts = new ArrayList<>();
        private final List<AnswerToken> tokens = new ArrayList<>();
        private String finish = "";

        void add(TextPiece piece) {
            parts.addAll(piece.parts());
            tokens.addAll(piece.tokens());
        }

        void end(String why) {
            finish = why;
        }
    }

    /** The events of a stream. */
    private final class Events implements TextGenerations.Receiver {
        private final Head head;
        private final Answer answer;
        private final EventStream stream;
        private final TextGenerations generations;
        private final Asked asked;

        /** How many calls of tools each answer has. */
        private final int[] calls;

        /** The tokens of each answer that the next part has. */
        private final List<List<AnswerToken>> tokens;

        Events(Head head, Answer answer, TextGenerations generations, Asked asked) {
            this.head = head;
            this.answer = answer;
            this.generations = generations;
            this.asked = asked;
            stream = new EventStream(answer, generations);
            calls = new int[asked.requests.size()];
            tokens = Stream.<List<AnswerToken>>generate(ArrayList::new)
                    .limit(calls.length)
                    .toList();
        }

        private void begin() throws IOException {
            if (stream.begin()) {
                for (int i = 0; i < asked.echoes.size(); i++) {
                    send(i, null, new StreamedPart.Begin(asked.echoes.get(i)));
                }
            }
        }

        private void send(int index, @Nullable String finish, @Nullable StreamedPart part) throws IOException {
            ObjectNode node = node(head, true);
            List<AnswerToken> ofPart = tokens.get(index);
            form.part(choice(node.putArray("choices"), index, ofPart.isEmpty() ? null : ofPart, finish), part);
            if (asked.withUsage) {
                node.putNull("usage");
            }
            stream.send(data(node));
            ofPart.clear();
        }

        private static String data(ObjectNode node) {
            return "data: " + node + "\n\n";
        }

        @Override
        public void piece(int index, TextPiece piece) throws IOException {
            answer.grow(piece.tokens().size(), asked.logProbabilities);
            if (!piece.parts().isEmpty()) {
                begin();
            }
            tokens.get(index).addAll(piece.tokens());
            for (AnswerPart part : piece.parts()) {
                part(index, part);
            }
        }

        private void part(int index, AnswerPart part) throws IOException {
            StreamedPart sent = null;
            if (part instanceof AnswerPart.Text some) {
                sent = new StreamedPart.Text(some.text());
            } else if (part instanceof AnswerPart.Thoughts some) {
                sent = new StreamedPart.Thoughts(some.text());
            } else if (part instanceof AnswerPart.CallBegins call) {
                sent = new StreamedPart.Call(call.index(), ToolCall.newId(), call.name());
            } else if (part instanceof AnswerPart.Arguments some) {
                sent = new StreamedPart.Arguments(some.index(), some.json());
            } else if (part instanceof AnswerPart.CallEnds) {
                calls[index]++;
            }
            // What fails is no call, and comes as text.
            if (sent != null) {
                send(index, null, sent);
            }
        }

        @Override
        public void alive() throws IOException {
            begin();
            stream.alive();
        }

        @Override
        public void end(int index, String finish) throws IOException {
            begin();
            send(index, finish(finish, calls[index] > 0), null);
        }

        /** Ends the stream after the last text. */
        void end() throws IOException {
            if (asked.withUsage) {
                ObjectNode node = node(head, true);
                node.putArray("choices");
                usage(node, asked, generations);
                stream.send(data(node));
            }
            stream.send("data: [DONE]\n\n");
        }
    }
}
