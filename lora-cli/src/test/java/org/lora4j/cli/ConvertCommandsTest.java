package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.io.gguf.GgufAdapters;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What becomes of trained adapters: merged models, combinations, other ranks, embeddings. */
class ConvertCommandsTest {
    private static final Sequences TOKENS = Sequences.of(new int[][] {{1, 4, 5, 6, 2}, {1, 8, 9, 2}});

    @TempDir
    private static Path temp;

    private static Path bert;
    private static Path llama;
    private static Path texts;
    private static Path classifier;
    private static Path first;
    private static Path second;

    @BeforeAll
    static void train() throws IOException {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        llama = SmallModels.llama(temp.resolve("llama"), 1);
        texts = SmallTexts.csv(temp.resolve("texts.csv"), 24, 2);
        classifier = temp.resolve("classifier");
        Cli.good(
                "classify",
                "--model",
                bert,
                "--data",
                texts,
                "--output",
                classifier,
                "--validation",
                0,
                "--epochs",
                1,
                "--rate",
                0.01);
        first = decoder("first", 1);
        second = decoder("second", 2, "--dora");
    }

    private static Path decoder(String name, long seed, Object... more) throws IOException {
        Path text = Files.writeString(temp.resolve(name + ".txt"), name.repeat(20));
        Path output = temp.resolve(name);
        Cli.good(Cli.words(
                new Object[] {
                    "clm",
                    "--model",
                    llama,
                    "--data",
                    text,
                    "--output",
                    output,
                    "--validation",
                    0,
                    "--epochs",
                    2,
                    "--block",
                    16,
                    "--rate",
                    0.02,
                    "--seed",
                    seed
                },
                more));
        return output;
    }

    private static void assertFails(String message, Object... args) {
        Cli cli = Cli.run(args);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(1);
    }

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        assertThat(found.distance2(expected) / expected.norm2Number().doubleValue())
                .isCloseTo(0, within(1e-4));
    }

    @Test
    void anEarlierResultIsReplacedOnlyIfAsked() throws IOException {
        Path output = temp.resolve("replaced");
        Object[] combine = {"combine", "--adapter", first + "=1", "--output", output};
        Object[] convert = {"convert", "--adapter", first, "--rank", 2, "--output", output};
        Object[] extract = {"extract", "--model", llama, "--tuned", llama, "--output", output};
        Object[] merge = {"merge", "--model", llama, "--adapter", first, "--output", output};
        Cli.good(combine);
        assertThat(PeftAdapters.load(output).config().rank()).isGreaterThan(2);
        for (Object[] again : List.of(combine, convert, extract, merge)) {
            assertFails("must have no adapter and no model, found adapter_config.json", again);
        }
        Cli.good(Cli.words(convert, "--overwrite"));
        assertThat(PeftAdapters.load(output).config().rank()).isEqualTo(2);

        Path merged = temp.resolve("replaced-model");
        merge[merge.length - 1] = merged;
        Cli.good(merge);
        assertFails("must have no adapter and no model, found model.safetensors", merge);
        Cli.good(Cli.words(merge, "--overwrite"));

        Path gguf = Files.writeString(temp.resolve("earlier.gguf"), "mine");
        Object[] file = {"convert", "--adapter", first, "--model", llama, "--gguf", "F32", "--output", gguf};
        assertFails("must be a new file, found one", file);
        assertThat(gguf).hasContent("mine");
        Cli.good(Cli.words(file, "--overwrite"));
        assertThat(Files.size(gguf)).isGreaterThan(100);
    }

    /** Copies an adapter, with a weight of the base beside its factors, as PEFT stores those of embeddings and heads. */
    private static Path withCopy(Path adapter, String layer, INDArray weight, String name) throws IOException {
        Path folder = Files.createDirectories(temp.resolve(name));
        Files.copy(adapter.resolve("adapter_config.json"), folder.resolve("adapter_config.json"));
        SafeTensors stored = SafeTensors.read(adapter.resolve("adapter_model.safetensors"));
        Map<String, INDArray> tensors = new LinkedHashMap<>(stored.tensors());
        tensors.put("base_model.model." + layer + ".base_layer.weight", weight);
        SafeTensors.of(tensors, stored.metadata()).write(folder.resolve("adapter_model.safetensors"));
        return folder;
    }

    /** PEFT computes with the weight in the file, so a result without it would be another adapter. */
    @Test
    void aWeightOfTheBaseIsComparedBeforeItIsLeftOut() throws IOException {
        Network network = PretrainedModel.load(llama).causal();
        String layer = PeftAdapters.load(first).weights().keySet().iterator().next();
        INDArray weight = network.linear(layer).weight();
        Path same = withCopy(first, layer, weight.dup(), "same-copy");
        Path changed = withCopy(first, layer, weight.mul(1.5), "changed-copy");
        for (Path adapter : List.of(same, changed)) {
            Path output = temp.resolve("of-" + adapter.getFileName());
            Object[] convert = {"convert", "--adapter", adapter, "--rank", 2, "--output", output};
            Object[] combine = {"combine", "--adapter", adapter + "=1", "--adapter", first + "=1", "--output", output};
            Object[] gguf = {
                "convert", "--adapter", adapter, "--gguf", "F32", "--output", temp.resolve("of-copies.gguf")
            };
            for (Object[] command : List.of(convert, combine)) {
                assertFails("give the model with --model", command);
            }
            for (Object[] command : List.of(convert, combine, gguf)) {
                Object[] compared = Cli.words(command, "--model", llama);
                if (adapter.equals(same)) {
                    Cli.good(Cli.words(compared, "--overwrite"));
                } else {
                    assertFails(
                            "must be a copy of the base's, since PEFT computes with it",
                            Cli.words(compared, "--overwrite"));
                }
            }
        }
    }

    /** The rows of queries and keys stand in another order in the file. */
    @Test
    void theGgufFileOfAnAdapterTakesThePlaceOfItsFolder() throws IOException {
        Path file = temp.resolve("in-place-of-first.gguf");
        Cli.good("convert", "--adapter", first, "--model", llama, "--gguf", "F32", "--output", file);
        Object[] generate = {
            "generate", "--model", llama, "--prompt", "f", "--raw", "--max-new-tokens", 8, "--json", "--adapter"
        };
        assertThat(Cli.good(Cli.words(generate, file)).json())
                .isEqualTo(Cli.good(Cli.words(generate, first)).json());

        Path back = temp.resolve("back");
        Cli.good("convert", "--adapter", file, "--model", llama, "--output", back);
        assertThat(PeftAdapters.load(back).weights())
                .isEqualTo(PeftAdapters.load(first).weights());
        JsonNode seen = Cli.good("inspect", file, "--json").json();
        assertThat(seen.at("/rank").asInt()).isEqualTo(8);
        assertThat(seen.at("/bytes").asLong()).isEqualTo(Files.size(file));
        assertThat(Cli.good("inspect", file, "--model", llama, "--json")
                        .json()
                        .at("/fit/fits")
                        .asBoolean())
                .isTrue();

        Path merged = temp.resolve("merged-gguf-adapter");
        Cli.good("merge", "--model", llama, "--adapter", file, "--output", merged);
        LoRAModel adapted = LoRAModel.of(PretrainedModel.load(llama).causal());
        assertClose(
                PretrainedModel.load(merged).causal().predict(TOKENS),
                adapted.load("a", first).predict(TOKENS));
        Path both = temp.resolve("both-forms");
        Object[] combine = {"combine", "--adapter", file + "=1", "--adapter", first + "=1", "--output", both};
        assertFails(file + ": the GGUF file of an adapter must be read with its model", combine);
        Cli.good(Cli.words(combine, "--model", llama));
        assertThat(PeftAdapters.load(both).config().rank()).isEqualTo(16);

        assertFails(
                "general.type: must be 'model' where a model is read, found 'adapter'",
                "generate",
                "--model",
                file,
                "--prompt",
                "f");
        assertThat(Cli.run("convert", "--adapter", file, "--output", temp.resolve("none"))
                        .err())
                .contains("--model must be given with the GGUF file of an adapter");
    }

    @Test
    void aMergedDecoderComputesWhatTheAdapterDoes() throws IOException {
        String forTools = "additional_chat_templates/tool_use.jinja";
        Files.createDirectories(llama.resolve("additional_chat_templates"));
        Files.writeString(llama.resolve(forTools), "{{ tools }}");
        for (Path adapter : new Path[] {first, second}) {
            Path merged = temp.resolve("merged-" + adapter.getFileName());
            assertThat(Cli.good("merge", "--model", llama, "--adapter", adapter, "--output", merged)
                            .out())
                    .contains("merged model written to " + merged);
            LoRAModel adapted = LoRAModel.of(PretrainedModel.load(llama).causal());
            INDArray expected = adapted.load("a", adapter).predict(TOKENS);
            INDArray found = PretrainedModel.load(merged).causal().predict(TOKENS);
            assertClose(found, expected);
            assertThat(expected.distance2(adapted.base().predict(TOKENS))).isGreaterThan(0.1);
            for (String file : new String[] {"tokenizer.json", "tokenizer_config.json", forTools}) {
                assertThat(merged.resolve(file)).hasSameBinaryContentAs(llama.resolve(file));
            }
            assertThat(Cli.good("generate", "--model", merged, "--prompt", "f", "--raw", "--max-new-tokens", 4)
                            .code())
                    .isZero();
        }
    }

    @Test
    void aMergedClassifierIsEvaluatedWithItsNames() throws IOException {
        Path merged = temp.resolve("merged-classifier");
        Cli.good("merge", "--model", bert, "--adapter", classifier, "--output", merged);
        Object[] test = {"evaluate", "--data", texts, "--json", "--model"};
        JsonNode alone = Cli.good(Cli.words(test, merged)).json();
        JsonNode adapted =
                Cli.good(Cli.words(test, bert, "--adapter", classifier)).json();
        assertThat(alone.at("/metrics")).isEqualTo(adapted.at("/metrics"));
        // The probabilities of the merged network are rounded in another order.
        assertThat(alone.at("/calibration/expectedError").asDouble())
                .isCloseTo(adapted.at("/calibration/expectedError").asDouble(), within(1e-5));
        assertThat(Cli.good("inspect", merged).out()).contains("classes [cats, ships]");
        assertThat(PretrainedModel.load(merged).hasClassifier()).isTrue();

        Path mean = temp.resolve("mean");
        Cli.good(
                "classify",
                "--model",
                bert,
                "--data",
                texts,
                "--output",
                mean,
                "--validation",
                0,
                "--epochs",
                1,
                "--head",
                "mean");
        assertFails(
                "found one that reads the mean; train it with --head pooler, or use the adapter as it is",
                "merge",
                "--model",
                bert,
                "--adapter",
                mean,
                "--output",
                temp.resolve("no"));
        Path noPooler = Files.createDirectories(temp.resolve("no-pooler"));
        try (Stream<Path> files = Files.list(bert)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, noPooler.resolve(file.getFileName()));
            }
        }
        Path weights = noPooler.resolve("model.safetensors");
        SafeTensors stored = SafeTensors.read(weights);
        Map<String, INDArray> tensors = new LinkedHashMap<>(stored.tensors());
        assertThat(tensors.keySet().removeIf(name -> name.contains("pooler"))).isTrue();
        SafeTensors.of(tensors, stored.metadata()).write(weights);
        assertFails(
                "found one that reads the mean; use the adapter as it is",
                "merge",
                "--model",
                noPooler,
                "--adapter",
                mean,
                "--output",
                temp.resolve("no"));
        assertFails(
                "the model must be an encoder for a classifier that reads MEAN, found " + llama + ", a decoder",
                "predict",
                "--model",
                llama,
                "--adapter",
                mean,
                "--data",
                texts,
                "--output",
                temp.resolve("no.csv"));
    }

    @Tag("slow")
    @Test
    void nothingReplacesWhatItIsMadeOf() throws IOException {
        String message = "the output must be another file or folder than those that are read, found ";
        for (Path input : List.of(llama, first)) {
            assertFails(message, "merge", "--model", llama, "--adapter", first, "--output", input);
            assertFails(message, "convert", "--model", llama, "--adapter", first, "--rank", 4, "--output", input);
            assertFails(message, "combine", "--model", llama, "--adapter", first + "=1", "--output", input);
        }
        byte[] before = Files.readAllBytes(texts);
        Path link = temp.resolve("x/../texts.csv");
        Files.createDirectories(temp.resolve("x"));
        assertFails(message, "predict", "--model", bert, "--adapter", classifier, "--data", texts, "--output", link);
        assertFails(message, "embed", "--model", bert, "--data", texts, "--output", link);
        assertThat(texts).hasBinaryContent(before);
        assertFails(message, "classify", "--model", bert, "--data", texts, "--output", bert);
        assertFails(message, "clm", "--model", llama, "--data", texts, "--output", llama);
        assertThat(bert.resolve("adapter_config.json")).doesNotExist();

        Path own = Files.createDirectories(temp.resolve("own"));
        Path card = Files.writeString(own.resolve("README.md"), "# My notes");
        assertFails(
                "must have no model card of somebody else",
                "classify",
                "--model",
                bert,
                "--data",
                texts,
                "--output",
                own);
        assertThat(own).isDirectoryContaining(card::equals).isDirectoryNotContaining(file -> !card.equals(file));
        assertThat(card).hasContent("# My notes");
        Files.delete(card);
        for (int i = 0; i < 2; i++) {
            Cli.good(
                    "classify",
                    "--model",
                    bert,
                    "--data",
                    texts,
                    "--output",
                    own,
                    "--epochs",
                    1,
                    "--validation",
                    0,
                    "--overwrite");
        }
    }

    @Test
    @Tag("slow")
    void aCombinationAddsUpTheUpdates() throws IOException {
        Path other = decoder("other", 3);
        Path combined = temp.resolve("combined");
        JsonNode written = Cli.good(
                        "combine",
                        "--adapter",
                        first + "=0.5",
                        "--adapter",
                        other + "=2",
                        "--output",
                        combined,
                        "--model",
                        llama,
                        "--json")
                .json();
        assertThat(written.at("/numbers/rank").asInt()).isEqualTo(16);
        LoRAModel model = LoRAModel.of(PretrainedModel.load(llama).causal());
        Network expected = model.load("combined", combined).merge();
        model.load("first", first);
        model.load("other", other);
        String layer = "model.layers.1.self_attn.q_proj";
        INDArray base = model.network().linear(layer).weight();
        INDArray sum = base.add(
                        model.merge("first").linear(layer).weight().sub(base).mul(0.5))
                .add(model.merge("other").linear(layer).weight().sub(base).mul(2));
        assertClose(expected.linear(layer).weight(), sum);
        assertThat(Cli.good("inspect", combined, "--model", llama, "--json")
                        .json()
                        .at("/fit/sameWeights")
                        .asBoolean())
                .isTrue();
        Path kept = temp.resolve("kept-fingerprints");
        Cli.good("combine", "--adapter", first + "=1", "--adapter", other + "=1", "--output", kept);
        assertSameWeights(kept);
        Path unknown = temp.resolve("without-fingerprints");
        Path stripped = temp.resolve("stripped");
        PeftAdapters.save(PeftAdapters.load(first), stripped);
        Cli.good("combine", "--adapter", first + "=1", "--adapter", stripped + "=1", "--output", unknown);
        JsonNode fit =
                Cli.good("inspect", unknown, "--model", llama, "--json").json().at("/fit");
        assertThat(fit.at("/fits").asBoolean()).isTrue();
        assertThat(fit.at("/sameWeights").isNull()).isTrue();
        assertThat(Cli.good("inspect", unknown, "--model", llama).out())
                .contains("fits " + llama + ": yes; the weights with which it was trained: not known");
        for (String method : new String[] {"svd", "linear", "ties", "magnitude_prune", "dare_linear", "dare_ties"}) {
            Cli.good(
                    "combine",
                    "--adapter",
                    first + "=1",
                    "--adapter",
                    other + "=1",
                    "--output",
                    temp.resolve(method),
                    "--method",
                    method);
            assertThat(Cli.good("inspect", temp.resolve(method), "--json")
                            .json()
                            .at("/task")
                            .asText())
                    .isEqualTo("CAUSAL_LM");
        }
        Object[] withDora = {"combine", "--adapter", first + "=1", "--adapter", second + "=1", "--output", combined};
        assertFails("adapter 2", Cli.words(withDora, "--overwrite"));
        Cli wrong = Cli.run("combine", "--adapter", first + "=1", "--output", combined, "--density", 0);
        assertThat(wrong.err()).contains("--density must be above 0 and at most 1, found 0.0");
    }

    private static void assertSameWeights(Path adapter) throws IOException {
        JsonNode fit =
                Cli.good("inspect", adapter, "--model", llama, "--json").json().at("/fit");
        assertThat(fit.at("/sameWeights").asBoolean()).isTrue();
    }

    @Tag("slow")
    @Test
    void anAdapterGetsAnotherRankAndDoRABecomesLoRA() throws IOException {
        Path small = temp.resolve("small");
        assertThat(Cli.good("convert", "--adapter", first, "--rank", 4, "--output", small)
                        .out())
                .contains("greatest relative error of a layer");
        assertThat(Cli.good("inspect", small, "--json").json().at("/rank").asInt())
                .isEqualTo(4);
        assertSameWeights(small);
        Path plain = temp.resolve("plain");
        JsonNode written = Cli.good(
                        "convert", "--adapter", second, "--model", llama, "--rank", 16, "--output", plain, "--json")
                .json();
        assertThat(written.at("/numbers/greatestError").asDouble()).isLessThan(1e-4);
        assertThat(Cli.good("inspect", plain, "--json").json().at("/dora").asBoolean())
                .isFalse();
        assertClose(
                LoRAModel.of(PretrainedModel.load(llama).causal())
                        .load("a", plain)
                        .predict(TOKENS),
                LoRAModel.of(PretrainedModel.load(llama).causal())
                        .load("a", second)
                        .predict(TOKENS));
    }

    @Test
    void anAdapterOfADecoderBecomesAFileForLlamaCpp() throws IOException {
        Object[] toGguf = {"convert", "--model", llama, "--gguf"};
        Path file = temp.resolve("first.gguf");
        Cli.good(Cli.words(toGguf, "F32", "--adapter", first, "--output", file));
        Path expected = temp.resolve("expected/first.gguf");
        Files.createDirectories(expected.getParent());
        GgufModel model = PretrainedModel.load(llama).config().ggufModel();
        GgufAdapters.save(PeftAdapters.load(first), model, expected);
        assertThat(file).hasSameBinaryContentAs(expected);
        Cli.good(Cli.words(toGguf, "F16", "--adapter", first, "--output", file, "--overwrite"));
        GgufAdapters.save(PeftAdapters.load(first), model, Dtype.F16, expected);
        assertThat(file).hasSameBinaryContentAs(expected);

        byte[] before = Files.readAllBytes(file);
        Object[] dora = {"F32", "--adapter", second, "--output", file, "--overwrite"};
        assertFails("found magnitudes (DoRA) of", Cli.words(toGguf, dora));
        assertThat(file).hasBinaryContent(before);
        JsonNode written = Cli.good(Cli.words(Cli.words(toGguf, dora), "--rank", 16, "--json"))
                .json();
        assertThat(written.at("/numbers/greatestError").asDouble()).isLessThan(1e-4);
        assertFails(
                "a GGUF file needs a decoder",
                "convert",
                "--model",
                bert,
                "--gguf",
                "F32",
                "--adapter",
                classifier,
                "--output",
                temp.resolve("no"));
    }

    @Test
    void aConversionNeedsSomethingToConvertTo() {
        Cli neither = Cli.run("convert", "--adapter", first, "--output", temp.resolve("no"));
        assertThat(neither.err()).contains("--rank or --gguf must be given, found neither");
        Cli noModel = Cli.run("convert", "--adapter", first, "--output", temp.resolve("no"), "--gguf", "F16");
        assertThat(noModel.err()).contains("--gguf must be used with --model, found no model");
        Cli noRank = Cli.run("convert", "--adapter", first, "--output", temp.resolve("no"), "--rank", 0);
        assertThat(noRank.err()).contains("--rank must be at least 1, found 0");
    }

    @Tag("slow")
    @Test
    void aConvertedClassifierKeepsItsHeadAndItsClasses() throws IOException {
        Path before = temp.resolve("mean-dora");
        Cli.good(
                "classify",
                "--model",
                bert,
                "--data",
                texts,
                "--output",
                before,
                "--validation",
                0,
                "--epochs",
                1,
                "--rate",
                0.01,
                "--head",
                "mean",
                "--max-tokens",
                6,
                "--dora");
        Path after = temp.resolve("mean-lora");
        Cli.good("convert", "--adapter", before, "--model", bert, "--rank", 16, "--output", after);
        Object[] test = {"evaluate", "--data", texts, "--model", bert, "--json", "--adapter"};
        assertThat(Cli.good(Cli.words(test, after)).json().at("/metrics"))
                .isEqualTo(Cli.good(Cli.words(test, before)).json().at("/metrics"));
        assertThat(after.resolve("task.json")).hasSameBinaryContentAs(before.resolve("task.json"));

        // Another rank without the model, and a folder that was one of a classifier before.
        Path small = temp.resolve("mean-small");
        Cli.good("convert", "--adapter", after, "--rank", 4, "--output", small);
        assertThat(Cli.good(Cli.words(test, small)).json().at("/metrics/classes/1/name"))
                .hasToString("\"ships\"");
        Cli.good("convert", "--adapter", first, "--rank", 4, "--output", small, "--overwrite");
        assertThat(small.resolve("task.json")).doesNotExist();
    }

    @Test
    void embeddingsHaveAPromptAndALengthOnRequest() throws IOException {
        Path model = SmallModels.bert(temp.resolve("prompts"), 1);
        Files.writeString(
                model.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"cat \", \"own\": \"ship \"}}");
        Path output = temp.resolve("prompts.jsonl");
        Object[] embed = {"embed", "--model", model, "--data", texts, "--output", output};
        Cli.good(Cli.words(embed, "--prompt", "own", "--dimensions", 5));
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            Network network = encoder.sentenceEmbeddings(OptionalInt.of(5));
            for (TextRow row : TextFiles.jsonl(output)) {
                JsonNode embedding = new ObjectMapper().readTree(row.json()).get("embedding");
                INDArray expected = network.predict(encoder.tokens(List.of("ship " + row.text("text"))));
                assertThat(embedding).hasSize(5);
                for (int i = 0; i < 5; i++) {
                    assertThat(embedding.get(i).asDouble()).isCloseTo(expected.getDouble(0, i), within(1e-5));
                }
                assertThat(expected.norm2Number().doubleValue()).isCloseTo(1, within(1e-5));
            }
        }
        assertFails(
                "prompt: the name must be one of [own, query], found 'document'",
                Cli.words(embed, "--prompt", "document"));
        assertFails("dimensions must be between 1 and the 16 numbers", Cli.words(embed, "--dimensions", 17));
        assertThat(Cli.run(Cli.words(embed, "--prompt", "own", "--kind", "QUERY"))
                        .code())
                .isEqualTo(2);
        assertThat(Cli.run(Cli.words(embed, "--dimensions", 0)).code()).isEqualTo(2);
    }

    @Test
    void embeddingsAreThoseOfTheModel() throws IOException {
        Path output = temp.resolve("embedded.jsonl");
        assertThat(Cli.good("embed", "--model", bert, "--data", texts, "--output", output)
                        .out())
                .contains("24 rows written to ");
        try (EncoderFolder encoder = EncoderFolder.open(bert)) {
            Network network = encoder.sentenceEmbeddings();
            for (TextRow row : TextFiles.jsonl(output)) {
                JsonNode embedding = new ObjectMapper().readTree(row.json()).get("embedding");
                INDArray expected = network.predict(encoder.tokens(List.of(row.text("text"))));
                assertThat(embedding).hasSize(SmallModels.WIDTH);
                for (int i = 0; i < SmallModels.WIDTH; i++) {
                    assertThat(embedding.get(i).asDouble()).isCloseTo(expected.getDouble(0, i), within(1e-5));
                }
            }
        }
        assertFails(
                "an embedding needs an encoder of the BERT family",
                "embed",
                "--model",
                llama,
                "--data",
                texts,
                "--output",
                output);
        // An adapter says what it is for.
        assertFails(
                "found an adapter that classifies texts; it is for another command",
                "embed",
                "--model",
                bert,
                "--adapter",
                classifier,
                "--data",
                texts,
                "--output",
                output);
        for (String kind : new String[] {"query", "document"}) {
            Cli.good(
                    "embed",
                    "--model",
                    bert,
                    "--data",
                    texts,
                    "--output",
                    temp.resolve(kind + ".csv"),
                    "--kind",
                    kind,
                    "--skip-bad-lines");
        }
    }

    private static Path withoutTokenizer(Path model) throws IOException {
        Path copy = Files.createDirectories(temp.resolve("bare").resolve(model.getFileName()));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(model.resolve(file), copy.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        return copy;
    }

    @Test
    void workOnWeightsNeedsNoTokenizer() throws IOException {
        Path bareBert = withoutTokenizer(bert);
        Path bareLlama = withoutTokenizer(llama);
        for (Path model : List.of(bareBert, bareLlama)) {
            assertThat(Cli.good("inspect", model).out())
                    .contains("files that decide: [config.json]")
                    .contains("WARNING: there is no tokenizer.json, so the model takes no texts");
        }
        for (Path adapter : List.of(first, classifier)) {
            Path model = adapter.equals(classifier) ? bareBert : bareLlama;
            Path whole = adapter.equals(classifier) ? bert : llama;
            JsonNode fit = Cli.good("inspect", adapter, "--model", model, "--json")
                    .json()
                    .path("fit");
            assertThat(fit.path("fits").asBoolean()).isTrue();
            Path merged = temp.resolve("bare-merged-" + adapter.getFileName());
            Cli.good("merge", "--model", model, "--adapter", adapter, "--output", merged);
            Path expected = temp.resolve("whole-merged-" + adapter.getFileName());
            Cli.good("merge", "--model", whole, "--adapter", adapter, "--output", expected);
            assertThat(merged.resolve("model.safetensors"))
                    .hasSameBinaryContentAs(expected.resolve("model.safetensors"));
            assertThat(merged.resolve("tokenizer.json")).doesNotExist();
            assertThat(expected.resolve("tokenizer.json")).exists();
            Cli.good(
                    "extract",
                    "--model",
                    model,
                    "--tuned",
                    merged,
                    "--rank",
                    2,
                    "--output",
                    temp.resolve("bare-extracted-" + adapter.getFileName()));
        }
    }

    @Test
    void inspectSaysWhatTheFilesOfAnEncoderDecide() throws IOException {
        Path model = withoutTokenizer(bert);
        JsonNode bare = Cli.good("inspect", model, "--json").json();
        assertThat(bare.path("warnings").toString())
                .contains("there is no modules.json, so sentence embeddings are a guess");
        assertThat(bare.path("pooling").asText()).isEqualTo("the mean over the tokens");
        assertThat(bare.path("longest").asInt()).isEqualTo(32);
        assertThat(bare.path("limitedBy").asText()).isEqualTo("the number of positions of the model");

        Files.copy(bert.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        Files.createDirectories(model.resolve("1_Pooling"));
        Files.writeString(model.resolve("1_Pooling/config.json"), "{\"pooling_mode_cls_token\": true}");
        Files.writeString(
                model.resolve("modules.json"),
                "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"},"
                        + " {\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"1_Pooling\"}]");
        Files.writeString(model.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 24}");
        JsonNode whole = Cli.good("inspect", model, "--json").json();
        assertThat(whole.path("warnings")).isEmpty();
        assertThat(whole.path("files").toString())
                .isEqualTo("[\"config.json\",\"modules.json\",\"1_Pooling/config.json\","
                        + "\"sentence_bert_config.json\",\"tokenizer.json\"]");
        assertThat(Cli.good("inspect", model).out())
                .contains("24 tokens at most, as sentence_bert_config.json says")
                .contains("sentence embeddings: the vector of the first token");
        Files.writeString(model.resolve("1_Pooling/config.json"), "{\"pooling_mode_middle_token\": true}");
        assertThat(Cli.good("inspect", model).out())
                .contains("sentence embeddings: none, because of 1_Pooling/config.json: the pooling modes must be");
        for (String file :
                List.of("tokenizer.json", "1_Pooling/config.json", "modules.json", "sentence_bert_config.json")) {
            Files.delete(model.resolve(file));
        }
    }
}
