package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.ChatTokens;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.factory.Nd4j;

/** Training, tests and use of language models, on a small random Llama whose tokens are bytes. */
class LanguageCommandsTest {
    @TempDir
    private static Path temp;

    private static Path model;
    private static Path chats;

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            String animal = List.of("cat", "dog", "cow").get(i % 3);
            lines.append("""
                    {"messages": [{"role": "user", "content": "the %s?"}, {"role": "assistant", "content": "moo"}]}
                    """.formatted(animal));
        }
        chats = Files.writeString(temp.resolve("chats.jsonl"), lines);
    }

    private static Object[] training(String command, Path data, Path output, Object... more) {
        return Cli.words(
                new Object[] {
                    command, "--model", model, "--data", data, "--output", output, "--rate", 0.02, "--batch", 4
                },
                more);
    }

    private static JsonNode report(Path output) throws IOException {
        return new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }

    /** The template of a model that knows tools, in the form of Qwen. */
    private static Path modelWithTools(String name) throws IOException {
        Path folder = SmallModels.llama(temp.resolve(name), 1);
        Files.writeString(folder.resolve("chat_template.jinja"), """
                {%- for tool in tools or [] %}{{ tool.function.name + ' ' }}{% endfor %}
                {%- for m in messages %}
                    {{- '<|im_start|>' + m.role + '\n' + (m.content or '') }}
                    {%- for call in m.tool_calls or [] %}
                        {{- '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
                        {{- (call.function.arguments | tojson) + '}\n</tool_call>' }}
                    {%- endfor %}
                    {{- '<|im_end|>\n' }}
                {%- endfor %}
                {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""");
        return folder;
    }

    private static String calling(String question, String function, String arguments) {
        return """
                {"tools": "[{\\"type\\": \\"function\\", \\"function\\": {\\"name\\": \\"f\\"}}]", "messages": [
                """.stripTrailing() + """
                {"role": "user", "content": "%s", "tool_calls": null}, {"role": "assistant", "content": null,
                """.formatted(question).stripTrailing() + """
                 "tool_calls": [{"type": "function", "function": {"name": "%s", "arguments": %s}}]}]}
                """.formatted(function, arguments);
    }

    @Test
    @Tag("slow")
    void sftLearnsCallsOfToolsAndEvaluateCountsThem() throws IOException {
        Path calling = modelWithTools("calling");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            lines.append(calling("go", "f", i % 2 == 0 ? "{\"a\": 1}" : "\"{\\\"a\\\": 1}\""));
        }
        Path calls = Files.writeString(temp.resolve("calls.jsonl"), lines);
        Path output = temp.resolve("caller");
        Cli.good(
                "sft",
                "--model",
                calling,
                "--data",
                calls,
                "--output",
                output,
                "--rate",
                0.03,
                "--batch",
                4,
                "--epochs",
                150,
                "--validation",
                0,
                "--rank",
                8);
        String learned = calling("go", "f", "{\"a\": 1.0}");
        Path test = Files.writeString(
                temp.resolve("calls-test.jsonl"),
                learned
                        + calling("go", "f", "{\"a\": 2}")
                        + calling("go", "g", "{\"a\": 1}").replace("\\\"f\\\"", "\\\"g\\\"")
                        + learned.replace("\"content\": null", "\"content\": \"Yes\"")
                        + calling("go".repeat(200), "f", "{}"));
        Object[] evaluate = {"evaluate", "--model", calling, "--adapter", output, "--data"};
        JsonNode all = Cli.good(Cli.words(evaluate, calls, "--json")).json().at("/toolCalls");
        assertThat(all)
                .hasToString(
                        "{\"answers\":8,\"valid\":{\"count\":8,\"share\":1.0},\"functions\":{\"count\":8,\"share\":1.0},"
                                + "\"arguments\":{\"count\":8,\"share\":1.0},\"exact\":{\"count\":8,\"share\":1.0},\"leftOut\":0}");
        assertThat(Cli.good(Cli.words(evaluate, test)).out().lines().map(String::strip))
                .contains(
                        "4 answers with calls of tools",
                        "1 answer with calls left out: the conversation before them is too long for the model, or the chat"
                                + " template writes calls in no form that is known")
                .anyMatch(line -> line.matches("valid calls +\\S+ % +\\d answers?"))
                .anyMatch(line -> line.matches("exact match +\\S+ % +\\d answers?"));
        JsonNode some = Cli.good(Cli.words(evaluate, test, "--json")).json().at("/toolCalls");
        assertThat(some.at("/functions/count").asInt())
                .isLessThan(some.at("/answers").asInt());
        assertThat(some.at("/arguments/count").asInt()).isEqualTo(2);
        assertThat(some.at("/exact/count").asInt()).isEqualTo(1);
        assertThat(Cli.good("evaluate", "--model", calling, "--data", chats, "--json")
                        .json()
                        .at("/toolCalls")
                        .isNull())
                .isTrue();
    }

    @Test
    void sftRefusesToolsThatTheTemplateLeavesOut() throws IOException {
        Path calls = Files.writeString(temp.resolve("lost.jsonl"), calling("go", "f", "{}"));
        Cli cli = Cli.run(training("sft", calls, temp.resolve("lost")));
        assertThat(cli.code()).isNotZero();
        assertThat(cli.err())
                .contains(calls
                        + ":1: the chat template must take the conversation: the template must write the tools and"
                        + " their calls, found a text without the function f");
        Path changing = modelWithTools("changing");
        Path template = changing.resolve("chat_template.jinja");
        Files.writeString(
                template, Files.readString(template).replace("m.role + ", "m.role + (loop.last and '!' or '') + "));
        String twice = calling("go", "f", "{}")
                .replace(
                        "]}\n",
                        ", {\"role\": \"tool\", \"content\": \"\"}, {\"role\": \"assistant\", \"content\": \"f\"}]}\n");
        Cli changed = Cli.run(
                "sft",
                "--model",
                changing,
                "--data",
                Files.writeString(temp.resolve("twice.jsonl"), twice),
                "--output",
                temp.resolve("changed"));
        assertThat(changed.code()).isNotZero();
        assertThat(changed.err())
                .contains(
                        "the template must write an answer behind the beginning of the assistant's message, found another"
                                + " beginning for message 1");
    }

    /** As Qwen3 does, the template writes what was thought in the last answer only. */
    @Test
    void sftLearnsEachAnswerAsTheTemplateWritesItLast() throws IOException {
        Path thinking = SmallModels.llama(temp.resolve("thinking"), 1);
        Files.writeString(thinking.resolve("chat_template.jinja"), """
                {%- for m in messages %}
                    {{- '<|im_start|>' + m.role + '\n' }}
                    {%- if m.role == 'assistant' and loop.last %}{{ '<think></think>' }}{% endif %}
                    {{- m.content + '<|im_end|>\n' }}
                {%- endfor %}
                {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""");
        String turn = "{\"role\": \"user\", \"content\": \"%s\"}, {\"role\": \"assistant\", \"content\": \"%s\"}";
        String two = "{\"messages\": [" + turn.formatted("a", "bc") + ", " + turn.formatted("d", "ef") + "]}\n";
        String one = "{\"messages\": [" + turn.formatted("g", "hi") + "]}\n";
        Path data = Files.writeString(temp.resolve("turns.jsonl"), two + one + two);
        Path output = temp.resolve("answers");
        Cli cli = Cli.good(
                "sft", "--model", thinking, "--data", data, "--output", output, "--validation", 0, "--epochs", 1);
        assertThat(cli.out())
                .contains("2 conversations were learned answer by answer: the chat template writes an answer in another"
                        + " way when others follow");
        assertThat(report(output).at("/sizes/examples").asInt()).isEqualTo(5);
        assertThat(report(output).at("/divided").asInt()).isEqualTo(2);
    }

    @Test
    void sftLearnsTheAnswersThatOtherCommandsThenGive() throws IOException {
        Path output = temp.resolve("sounds");
        Cli cli = Cli.good(training("sft", chats, output, "--epochs", 30, "--validation", 0.2, "--patience", 0));
        assertThat(cli.out()).containsPattern("perplexity [0-9.]+ alone, [0-9.]+ with the adapter");
        JsonNode report = report(output);
        assertThat(report.at("/after/perplexity").asDouble())
                .isLessThan(1.5)
                .isLessThan(report.at("/before/perplexity").asDouble() / 10);
        assertThat(report.at("/samples")).hasSize(3);
        JsonNode sample = report.at("/samples/0");
        // The template ends with a line feed, which comes after the token that ends the answer.
        assertThat(sample.at("/after").asText() + "\n")
                .isEqualTo(sample.at("/expected").asText());
        assertThat(sample.at("/before")).isNotEqualTo(sample.at("/expected"));
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("{{")
                .contains(" test examples", "Frequencies of tokens", "<h2>Answers</h2>");
        assertThat(Files.readString(output.resolve("README.md"))).contains("pipeline_tag: text-generation");

        Object[] source = {"--model", model, "--adapter", output};
        Object[] generate = Cli.words(new Object[] {"generate", "--max-new-tokens", 12}, source);
        assertThat(Cli.good(Cli.words(generate, "--prompt", "the dog?")).out()).isEqualTo("moo\n");
        assertThat(Cli.withInput("the cow?\n", generate).out()).isEqualTo("moo\n");
        JsonNode json =
                Cli.good(Cli.words(generate, "--prompt", "the cat?", "--json")).json();
        assertThat(json.at("/text").asText().strip()).isEqualTo("moo");
        assertThat(json.at("/finish").asText()).isEqualTo("STOP");

        JsonNode tested = Cli.good(Cli.words(new Object[] {"evaluate", "--data", chats, "--json"}, source))
                .json();
        assertThat(tested.at("/metrics/perplexity").asDouble()).isLessThan(1.5);
        // The sound, the token that ends it, and the line feed after it.
        assertThat(tested.at("/metrics/tokens").asInt()).isEqualTo(24 * (3 + 2));
        assertThat(Cli.good("evaluate", "--data", chats, "--model", model).out())
                .containsPattern("120 tokens: loss [0-9.]+, perplexity [0-9]+");

        Path questions = Files.writeString(temp.resolve("questions.csv"), "text,id\nthe cat?,1\nthe cow?,2\n");
        Path answers = temp.resolve("answers.csv");
        Cli.good(Cli.words(
                new Object[] {"predict", "--data", questions, "--output", answers, "--max-new-tokens", 8}, source));
        assertThat(answers).hasContent("text,id,predicted\nthe cat?,1,moo\nthe cow?,2,moo");

        String talk =
                "the cow?\n\n/adapter\nthe cow?\n/adapter nobody\n/adapter sounds\n/new\nthe dog?\n/what\n/exit\nnever\n";
        Cli chat = Cli.withInput(
                talk, "chat", "--model", model, "--adapter", output, "--max-new-tokens", 8, "--system", "be short");
        assertThat(chat.out().lines())
                .contains(
                        "the model alone answers",
                        "there is no adapter nobody, found [sounds]; give it with --adapter",
                        "the adapter sounds answers",
                        "commands: /adapter NAME, /adapter, /new, /help, /exit");
        assertThat(chat.out()).doesNotContain("never");
        assertThat(Cli.withInput("the cow?\n", "chat", "--model", model, "--adapter", output, "--max-new-tokens", 8)
                        .out())
                .isEqualTo("moo\n");
        assertThat(Cli.withInput("x".repeat(300) + "\n", "chat", "--model", model)
                        .out())
                .contains("/new begins a new conversation");

        JsonNode inspected =
                Cli.good("inspect", output, "--model", model, "--json").json();
        assertThat(inspected.at("/task").asText()).isEqualTo("CAUSAL_LM");
        assertThat(inspected.at("/fit/sameWeights").asBoolean()).isTrue();
        JsonNode base = Cli.good("inspect", model, "--json").json();
        assertThat(base.at("/kind").asText()).isEqualTo("llama");
        assertThat(base.at("/targets/q_proj").asInt()).isEqualTo(2);
        assertThat(base.at("/longest").asInt()).isEqualTo(192);
        assertThat(Cli.good("inspect", model).out()).contains("chat template: yes");
    }

    @Tag("slow")
    @Test
    void theAdapterIsThatOfTheSameTrainingByProgram() throws IOException {
        Path output = temp.resolve("by-command");
        Cli.good(training("sft", chats, output, "--epochs", 2, "--validation", 0, "--clip", 0, "--seed", 3));
        NativeThreads threads = NativeThreads.forBlas();
        try (Tokenizer tokenizer = Tokenizer.load(model)) {
            ChatTemplate template = ChatTemplate.load(model);
            List<ChatTokens> examples = new ArrayList<>();
            for (TextRow row : TextFiles.jsonl(chats)) {
                examples.add(template.tokens(tokenizer, Conversation.of(row)));
            }
            AdapterView view = LoRAModel.of(PretrainedModel.load(model).causal())
                    .add(
                            "program",
                            LoRAConfig.builder().rank(8).alpha(16).seed(3).build());
            int[] order = IntStream.range(0, examples.size()).toArray();
            SplittableRandom random = new SplittableRandom(3);
            Trainer.builder(view)
                    .loss(Loss.nextToken())
                    .updater(new AdamW(new LinearWarmupSchedule(0.02, 1, 12), 0.01))
                    .epochs(2)
                    .build()
                    .fit((Iterable<Batch>)
                            () -> batches(examples, order, random).iterator());
            assertThat(PeftAdapters.load(output).weights())
                    .isEqualTo(view.adapter().weights());
            assertThat(Cli.good(
                                    "generate",
                                    "--model",
                                    model,
                                    "--adapter",
                                    output,
                                    "--prompt",
                                    "ab",
                                    "--raw",
                                    "--max-new-tokens",
                                    5)
                            .out())
                    .isEqualTo(tokenizer.decode(Generator.of(view)
                                    .generate(
                                            tokenizer.encode("ab").ids(),
                                            GenerationOptions.greedy()
                                                    .withMaxTokens(5)
                                                    .withStopIds(257))
                                    .ids())
                            + "\n");
        } finally {
            threads.close();
        }
    }

    private static List<Batch> batches(List<ChatTokens> examples, int[] order, SplittableRandom random) {
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < order.length; from += 4) {
            List<ChatTokens> some =
                    Arrays.stream(order, from, from + 4).mapToObj(examples::get).toList();
            int longest =
                    some.stream().mapToInt(tokens -> tokens.ids().length).max().orElseThrow();
            float[][] labels = new float[4][longest];
            for (int i = 0; i < 4; i++) {
                Arrays.fill(labels[i], -100);
                for (int j = 0; j < some.get(i).ids().length; j++) {
                    labels[i][j] = some.get(i).learned()[j] ? some.get(i).ids()[j] : -100;
                }
            }
            batches.add(new Batch(
                    Sequences.of(some.stream().map(ChatTokens::ids).toArray(int[][]::new)),
                    Nd4j.createFromArray(labels)));
        }
        return batches;
    }

    @Test
    @Tag("slow")
    void clmLearnsPlainTextAndResumesToTheSameBytes() throws IOException {
        Path text = Files.writeString(temp.resolve("rhyme.txt"), "one two three, look at me. ".repeat(30));
        Object[] settings = {"--block", 32, "--epochs", 6, "--accumulate", 2, "--validation", 0.2, "--dropout", 0.1};
        Path whole = temp.resolve("whole");
        Cli.good(training("clm", text, whole, settings));
        JsonNode report = report(whole);
        assertThat(report.at("/after/perplexity").asDouble())
                .isLessThan(report.at("/before/perplexity").asDouble() / 2);
        // 810 bytes and the token that ends the text.
        assertThat(report.at("/sizes/examples").asInt()
                        + report.at("/sizes/validation").asInt()
                        + report.at("/sizes/test").asInt())
                .isEqualTo(26);

        Path interrupted = temp.resolve("interrupted");
        Path blocked = Files.createDirectories(interrupted.resolve("adapter_model.safetensors"));
        assertThat(Cli.run(training("clm", text, interrupted, Cli.words(settings, "--checkpoint-every", 4)))
                        .code())
                .isEqualTo(1);
        Files.delete(blocked);
        Cli.good(training("clm", text, interrupted, Cli.words(settings, "--resume")));
        assertThat(interrupted.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("adapter_model.safetensors"));
        assertThat(report(interrupted).at("/training/losses")).isEqualTo(report.at("/training/losses"));
        assertThat(report(interrupted).at("/after")).isEqualTo(report.at("/after"));

        JsonNode tested = Cli.good(
                        "evaluate", "--model", model, "--adapter", whole, "--data", text, "--max-tokens", 32, "--json")
                .json();
        assertThat(tested.at("/metrics/tokens").asInt()).isEqualTo(811 - 26);
        JsonNode estimate = Cli.good(training("clm", text, temp.resolve("none"), "--block", 32, "--dry-run", "--json"))
                .json();
        assertThat(estimate.at("/longest").asInt()).isEqualTo(32);
        assertThat(temp.resolve("none")).doesNotExist();
    }

    @Test
    void conversationsNeedAChatTemplate() throws IOException {
        Path plain = SmallModels.llama(temp.resolve("without-template"), 2);
        Files.delete(plain.resolve("tokenizer_config.json"));
        Path pairs = Files.writeString(
                temp.resolve("preferred.jsonl"),
                "{\"chosen\": [{\"role\": \"user\", \"content\": \"a\"}], \"rejected\": []}\n");
        for (Object[] command : List.of(new Object[] {"sft", "--data", chats}, new Object[] {"dpo", "--data", pairs})) {
            Cli cli = Cli.run(Cli.words(command, "--model", plain, "--output", temp.resolve("never")));
            assertThat(cli.errLines())
                    .singleElement()
                    .asString()
                    .contains(
                            ":1: must have the texts prompt, c",
                            "because the model without-template has no chat template")
                    .endsWith("for conversations, name a model with a chat template with --model");
        }
    }

    @Test
    @Tag("slow")
    void aModelWithoutATemplateLearnsCompletionsAndRowsOfText() throws IOException {
        Path plain = SmallModels.llama(temp.resolve("plain"), 2);
        Files.delete(plain.resolve("tokenizer_config.json"));
        Path pairs = temp.resolve("pairs.jsonl");
        Files.writeString(pairs, "{\"prompt\": \"1+1=\", \"completion\": \"2\"}\n".repeat(8));
        Path output = temp.resolve("sums");
        Cli.good(
                "sft",
                "--model",
                plain,
                "--data",
                pairs,
                "--output",
                output,
                "--rate",
                0.02,
                "--epochs",
                20,
                "--batch",
                4,
                "--validation",
                0);
        assertThat(Cli.good("generate", "--model", plain, "--adapter", output, "--prompt", "1+1=")
                        .out())
                .isEqualTo("2\n");
        Path rows = Files.writeString(temp.resolve("rows.csv"), "body\nab ab ab\ncd cd\n");
        JsonNode report = Cli.good(
                        "clm",
                        "--model",
                        plain,
                        "--data",
                        rows,
                        "--output",
                        temp.resolve("rows"),
                        "--text",
                        "body",
                        "--validation",
                        0,
                        "--epochs",
                        1,
                        "--json")
                .json();
        // Both texts and their ends are one block.
        assertThat(report.at("/sizes/tokens").asInt()).isEqualTo(8 + 1 + 5 + 1);
        assertThat(report.at("/before").isNull()).isTrue();
        Cli chat = Cli.run("chat", "--model", plain);
        assertThat(chat.code()).isEqualTo(1);
        assertThat(chat.errLines()).singleElement().asString().contains("the model must have a chat template");
    }

    @Test
    void examplesWithoutAnAnswerAfterTheCutAreLeftOutAndCounted() throws IOException {
        Path mixed = temp.resolve("mixed.jsonl");
        Files.writeString(
                mixed,
                "{\"prompt\": \"hi\", \"completion\": \"ho\"}\n{\"prompt\": \"" + "long ".repeat(20)
                        + "\", \"completion\": \"ho\"}\n");
        Path output = temp.resolve("cut");
        Cli cli = Cli.good(training("sft", mixed, output, "--validation", 0, "--max-tokens", 40, "--epochs", 1));
        assertThat(cli.out()).contains("1 example was left out: no answer with a weight was left after the cut");
        Object[] test = {"evaluate", "--model", model, "--data", mixed, "--max-tokens", 40};
        assertThat(Cli.good(test).out())
                .contains("1 example was left out: no answer with a weight was left after the cut");
        assertThat(Cli.good(Cli.words(test, "--json")).json().at("/unlearnable").asInt())
                .isEqualTo(1);
        Cli none = Cli.run(training("sft", mixed, temp.resolve("cut-all"), "--validation", 0, "--max-tokens", 3));
        assertThat(none.errLines())
                .singleElement()
                .asString()
                .contains("at least one example must have an answer within 3 tokens whose weight is not 0, found none");
    }

    /** What a file in OpenAI's form excludes is not learned: a training on the rest alone ends with the same adapter. */
    @Test
    void anAnswerWithTheWeightZeroIsNotLearned() throws IOException {
        String question = "{\"role\": \"user\", \"content\": \"the cow?\"}";
        String excluded = "{\"messages\": [%s, {\"role\": \"assistant\", \"content\": \"baa\", \"weight\": 0}]}\n"
                .formatted(question);
        String learned = "{\"messages\": [%s, {\"role\": \"assistant\", \"content\": \"moo\", \"weight\": 1}]}\n"
                .formatted(question);
        List<Path> outputs = new ArrayList<>();
        for (String lines : List.of(learned, excluded + learned + excluded)) {
            Path file = Files.writeString(temp.resolve("weights" + outputs.size() + ".jsonl"), lines);
            outputs.add(temp.resolve("weighted" + outputs.size()));
            Cli.good(training("sft", file, outputs.get(outputs.size() - 1), "--validation", 0, "--epochs", 2));
        }
        assertThat(PeftAdapters.load(outputs.get(1)).weights())
                .isEqualTo(PeftAdapters.load(outputs.get(0)).weights());
        Path none = Files.writeString(temp.resolve("no-weights.jsonl"), excluded);
        assertThat(Cli.run(training("sft", none, temp.resolve("unweighted"), "--validation", 0))
                        .errLines())
                .singleElement()
                .asString()
                .contains("whose weight is not 0, found none");
    }

    @Test
    @Tag("slow")
    void aBaseInFewerBitsIsTrainedTestedAndUsed() throws IOException {
        Path large = SmallModels.llama(temp.resolve("large"), 3, 3200);
        Path few = Files.writeString(
                temp.resolve("few.jsonl"), "{\"prompt\": \"hi\", \"completion\": \"ho\"}\n".repeat(3));
        Path output = temp.resolve("in-int8");
        Object[] train = {"sft", "--model", large, "--data", few, "--validation", 0, "--epochs", 1, "--storage"};
        Cli.good(Cli.words(train, "int8", "--output", output));
        assertThat(report(output).at("/settings/storage").asText()).isEqualTo("int8");
        JsonNode floats = Cli.good("inspect", large, "--json").json().at("/parameters");
        assertThat(report(output).at("/sizes/frozen")).isEqualTo(floats);
        Path again = temp.resolve("in-int8-recomputed");
        Cli.good(Cli.words(train, "int8", "--output", again, "--recompute"));
        assertThat(again.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(output.resolve("adapter_model.safetensors"));

        Object[] source = {"--model", large, "--adapter", output, "--storage"};
        List<Double> losses = new ArrayList<>();
        for (String storage : List.of("float", "bf16", "int8", "int4")) {
            losses.add(
                    Cli.good(Cli.words(new Object[] {"evaluate", "--data", few, "--json"}, Cli.words(source, storage)))
                            .json()
                            .at("/metrics/loss")
                            .asDouble());
            Cli.good(Cli.words(
                    new Object[] {"generate", "--prompt", "a", "--max-new-tokens", 1}, Cli.words(source, storage)));
        }
        assertThat(losses).doesNotHaveDuplicates();
        assertThat(losses.get(1)).isCloseTo(losses.get(0), within(0.1));
        assertThat(losses.get(2)).isCloseTo(losses.get(0), within(0.3));
        assertThat(Cli.withInput(
                                "a\n",
                                Cli.words(new Object[] {"chat", "--max-new-tokens", 1}, Cli.words(source, "int8")))
                        .out())
                .isNotEmpty();
        Path answers = temp.resolve("int8.csv");
        Path questions = Files.writeString(temp.resolve("int8-questions.csv"), "text\na\n");
        Cli.good(Cli.words(
                new Object[] {"predict", "--data", questions, "--output", answers, "--max-new-tokens", 1},
                Cli.words(source, "int8")));
        assertThat(answers).isNotEmptyFile();
    }

    @Test
    void aRowThatTheModelCannotTakeIsNamedAndCanBeLeftOut() throws IOException {
        Path questions = Files.writeString(temp.resolve("long.csv"), "text\nshort\n" + "x".repeat(300) + "\n");
        Object[] predict = {
            "predict",
            "--model",
            model,
            "--data",
            questions,
            "--output",
            temp.resolve("short.csv"),
            "--max-new-tokens",
            2
        };
        Cli failed = Cli.run(predict);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.errLines())
                .singleElement()
                .asString()
                .matches("error: " + Pattern.quote(questions + ":3: text: the prompt must have 1 to 192 tokens")
                        + ", .*, found (19[3-9]|2\\d\\d) in the first \\d+ characters; shorten the text.*");
        assertThat(Cli.good(Cli.words(predict, "--skip-bad-lines")).out())
                .contains("1 row written to ", "1 line was left out; the first: " + questions + ":3:");

        Path broken = Files.writeString(temp.resolve("broken.jsonl"), "{broken\n" + Files.readString(chats));
        Object[] evaluate = {"evaluate", "--model", model, "--data", broken};
        assertThat(Cli.run(evaluate).err()).contains(broken + ":1: ");
        assertThat(Cli.good(Cli.words(evaluate, "--skip-bad-lines")).out())
                .contains("120 tokens: ", "1 line was left out; the first: " + broken + ":1: ");

        Path answerFirst = Files.writeString(
                temp.resolve("answer-first.jsonl"),
                "{\"messages\": [{\"role\": \"assistant\", \"content\": \"moo\"}]}\n" + Files.readString(chats));
        Object[] train = training("sft", answerFirst, temp.resolve("refused"), "--epochs", 1, "--validation", 0);
        Cli refused = Cli.run(train);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err())
                .contains(answerFirst + ":1: the chat template must take the conversation: a conversation must begin");
        assertThat(Cli.good(Cli.words(train, "--skip-bad-lines")).out()).contains("1 line was left out; the first: ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "sft --max-tokens 1; --max-tokens must be at least 2, found 1; 2",
                "sft --samples -1; --samples must be at least 0, found -1; 2",
                "clm --block 1; --block must be at least 2, found 1; 2",
                "clm --block 500; must be at most the 192 positions of the model, found 500; 1",
                "clm; must have a value text, found [messages]; 1",
            })
    void wrongUse(String options, String message, int code) {
        Object[] words =
                Cli.words(options.split(" "), "--model", model, "--data", chats, "--output", temp.resolve("wrong"));
        Cli cli = Cli.run(words);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(code);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--max-new-tokens 0; --max-new-tokens must be at least 1, found 0",
                "--temperature -1; --temperature must be finite and at least 0, found -1.0",
                "--top-p 0; --top-p must be above 0 and at most 1, found 0.0",
                "--top-k -1; --top-k must be at least 0, found -1",
                "--top-k 3; --top-p, --top-k and --seed must be used with a --temperature above 0",
                "--temperature 0 --top-p 0.5; --top-p, --top-k and --seed must be used with a --temperature above 0",
                "--seed 0; --top-p, --top-k and --seed must be used with a --temperature above 0",
                "--no-progress; Unknown option: '--no-progress'",
            })
    void wrongWaysToGenerate(String options, String message) {
        Cli cli = Cli.run(
                Cli.words(new Object[] {"generate", "--model", model, "--prompt", "x"}, (Object[]) options.split(" ")));
        assertThat(cli.errLines()).singleElement().asString().contains(message);
        assertThat(cli.code()).isEqualTo(2);
    }

    @Test
    @Tag("slow")
    void aLongTextIsTokenizedInPartsWithoutALoss() throws IOException {
        // A line that is longer than a part, whose characters have several bytes, and lines of all kinds.
        String text = "🚀 ä".repeat(100_000) + "\n\n" + "one line\n\tand another one \n".repeat(8_000);
        Path file = Files.writeString(temp.resolve("long.txt"), text);
        JsonNode estimate = Cli.good(
                        "clm",
                        "--model",
                        model,
                        "--data",
                        file,
                        "--output",
                        temp.resolve("none"),
                        "--validation",
                        0,
                        "--block",
                        192,
                        "--dry-run",
                        "--json")
                .json();
        // A token for each byte, and the end.
        assertThat(estimate.at("/tokens").asLong()).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length + 1L);
    }
}
