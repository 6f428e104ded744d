package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What users get wrong: one line on standard error that says what to do, and nothing lost. */
class WrongUseTest {
    @TempDir
    private static Path temp;

    private static Path bert;
    private static Path llama;
    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        llama = SmallModels.llama(temp.resolve("llama"), 1);
        data = SmallTexts.csv(temp.resolve("texts.csv"), 12, 2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "classify; Missing required options: '--model=DIR', '--data=FILE', '--output=DIR'",
                "classify --rank 0; --rank must be in [1, 1048576], found 0",
                "classify --alpha -1; --alpha must be finite and positive, found -1.0",
                "classify --dropout 1; --dropout must be in [0, 1), found 1.0",
                "classify --target query,,value; --target must not have blank names, found [query, , value]",
                "classify --target all-linear,query; --target must be all-linear alone or names of layers",
                "classify --epochs 0; --epochs must be at least 1, found 0",
                "classify --batch 0; --batch must be at least 1, found 0",
                "classify --accumulate 0; --accumulate must be at least 1, found 0",
                "classify --rate 0; --rate must be finite and positive, found 0.0",
                "classify --schedule step; expected one of [LINEAR, COSINE, CONSTANT]",
                "classify --warmup 1; --warmup must be in [0, 1), found 1.0",
                "classify --weight-decay NaN; --weight-decay must be finite and at least 0, found NaN",
                "classify --clip -1; --clip must be at least 0, found -1.0",
                "classify --patience -1; --patience must be at least 0, found -1",
                "classify --checkpoint-every -1; --checkpoint-every must be at least 0, found -1",
                "classify --validation 1; --validation must be in [0, 1), found 1.0",
                "classify --group g --validation 0; --group must be used with --validation, found it with --validation 0",
                "classify --max-tokens 2; --max-tokens must be at least 3, found 2",
                "classify --resume --dry-run; --dry-run must be used without --resume, found both",
                "classify --resume --overwrite; --overwrite must be used without --resume, found both",
                "classify --overwrite --dry-run; --overwrite must be used without --dry-run and --find-rate",
                "classify --head first; expected one of [MEAN, POOLER, LAST, YES_NO]",
                "clasify; Unmatched argument at index 0: 'clasify'; did you mean classify",
                "help clasify; Unknown subcommand 'clasify'",
                "--ranks 3; Unknown option",
                "classify --ranks 3; Unknown options: '--ranks', '3'; did you mean --rank",
                "classify --delimiter ab; --delimiter must be one character that is neither a quote nor white space",
            })
    void wrongOptionsEndWithOneLineAndCode2(String options, String message) {
        String needed = options.startsWith("classify --") ? options + " --model m --data d --output o" : options;
        Cli cli = Cli.run((Object[]) needed.split(" "));
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.out()).isEmpty();
        assertThat(cli.code()).isEqualTo(2);
    }

    @Test
    void namesAMisspelledOptionInPlaceOfTheOneThatIsMissing() {
        assertWrongUse(
                "Missing required option: '--model=DIR'; '--mode' is no option; did you mean --model",
                "classify",
                "--mode",
                "m",
                "--data",
                "d",
                "--output",
                "o");
    }

    @Test
    void refusesOptionsThatWouldDoNothing() {
        Object[] encoder = {"predict", "--model", bert, "--data", data, "--output", temp.resolve("p.csv")};
        assertWrongUse("the options of a generation must be used with a decoder", Cli.words(encoder, "--seed", 1));
        assertWrongUse("the options of a generation must", Cli.words(encoder, "--max-new-tokens", 5));
        assertWrongUse(
                "--label must be used with an encoder",
                "evaluate",
                "--model",
                llama,
                "--data",
                data,
                "--label",
                "label");
        assertWrongUse(
                "--max-tokens must be used with a decoder",
                "evaluate",
                "--model",
                bert,
                "--data",
                data,
                "--max-tokens",
                9);
        assertWrongUse("--model must be used with the folder of an adapter", "inspect", llama, "--model", bert);
        Object[] combine = {"combine", "--adapter", "a=1", "--output", temp.resolve("c")};
        assertWrongUse(
                "--adapter must name each adapter once, found ./a again; add its weights up",
                Cli.words(combine, "--adapter", "./a=0.5"));
        assertWrongUse("it must be DIR=WEIGHT, such as adapters/style=0.3", Cli.words(combine, "--adapter", "b=much"));
        assertWrongUse("it must be DIR=WEIGHT, such as adapters/style=0.3", Cli.words(combine, "--adapter", "b"));
        assertWrongUse(
                "--validation and --test must be below 1 together, found 0.6 and 0.5",
                "classify",
                "--model",
                "m",
                "--data",
                "d.csv",
                "--output",
                temp.resolve("c"),
                "--validation",
                0.6,
                "--test",
                0.5);
        assertWrongUse("--rank must be used with the method SVD, found CAT", Cli.words(combine, "--rank", 4));
        assertWrongUse(
                "--density must be used with a method that leaves elements out, found SVD",
                Cli.words(combine, "--method", "svd", "--density", 0.5));
        assertWrongUse(
                "--seed must be used with a method that chooses by chance, found TIES",
                Cli.words(combine, "--method", "ties", "--density", 0.5, "--seed", 0));
    }

    private static void assertWrongUse(String message, Object... args) {
        Cli cli = Cli.run(args);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "--help, classify",
        "classify --help, --class-weights",
        "help classify, --class-weights",
        "help, classify",
        "generate-completion, complete",
        "--version, lora ",
        "'', inspect"
    })
    void helpAndVersion(String options, String found) {
        Cli cli = options.isEmpty() ? Cli.good() : Cli.good((Object[]) options.split(" "));
        assertThat(cli.out()).contains(found);
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

    private static Object[] classify(Path model, Path file, Object... more) {
        return Cli.words(
                new Object[] {
                    "classify", "--model", model, "--data", file, "--output", temp.resolve("out"), "--overwrite"
                },
                more);
    }

    @Test
    void refusesFilesThatAreNotThere() {
        Path nowhere = temp.resolve("nowhere.csv");
        assertFails(nowhere + ": there is no such file", classify(bert, nowhere));
        assertFails(nowhere + ": there is no such file", classify(bert, data, "--validation-file", nowhere));
        assertFails(
                temp.resolve("no-model") + ": must be the folder of a model, found nothing",
                classify(temp.resolve("no-model"), data));
        assertFails(data + ": must be the folder of a model, found a file", classify(data, data));
        assertFails(temp + ": must be the folder of a model, with config.json, found none", classify(temp, data));
        assertFails("must be the folder of a model, with config.json, found none", "inspect", temp.resolve("."));
    }

    @Test
    void refusesAModelOfTheOtherKind() throws IOException {
        Path judged = Files.writeString(
                temp.resolve("judged.csv"), "query,passage,label\na,b,1\na,c,0\nb,b,1\nb,c,0\nd,b,1\nd,c,0\n");
        Object[] rerank = {
            "rerank", "--model", llama, "--data", judged, "--validation", 0, "--output", temp.resolve("reranked")
        };
        assertFails(
                "a cross-encoder needs an encoder of the BERT family, or a decoder with the tokens 'yes' and 'no'",
                rerank);
        assertFails(
                "a cross-encoder on a decoder must have the head YES_NO, found LAST",
                Cli.words(rerank, "--head", "last"));
        assertFails(
                "a decoder must have the head LAST, found MEAN", Cli.words(classify(llama, data), "--head", "mean"));
        assertFails(
                "an encoder must have the head MEAN or POOLER, found LAST",
                Cli.words(classify(bert, data), "--head", "last"));
    }

    @Test
    void refusesAnotherModelType() throws IOException {
        Path t5 = Files.createDirectories(temp.resolve("t5"));
        Files.writeString(t5.resolve("config.json"), "{\"model_type\": \"t5\"}");
        assertFails("model_type must be one of [bert, roberta,", classify(t5, data));
        Files.writeString(t5.resolve("config.json"), "[1");
        assertFails("must be valid JSON, found ", classify(t5, data));
    }

    @Test
    @Tag("slow")
    void namesTheLineThatIsWrong() throws IOException {
        Path bad = temp.resolve("bad.csv");
        Files.writeString(bad, "text,label\nthe cat,cats\n  ,cats\nthe ship,ships\nsea,ships\n");
        assertFails(bad + ":3: text must have a character that is neither", classify(bert, bad, "--validation", 0));
        assertFails("; leave out such lines with --skip-bad-lines", classify(bert, bad, "--validation", 0));
        Cli cli = Cli.good(classify(bert, bad, "--validation", 0, "--skip-bad-lines", "--epochs", 1));
        assertThat(cli.out()).contains("1 line was left out; the first: " + bad + ":3:");
        Path broken = temp.resolve("broken.csv");
        Files.writeString(
                broken,
                "text,label\nthe cat,cats,more\n"
                        + IntStream.range(0, 20)
                                .mapToObj(i -> "the cat %s,cats\nthe ship %s,ships\n".formatted(i, i))
                                .collect(Collectors.joining()));
        assertThat(Cli.good(classify(bert, broken, "--skip-bad-lines", "--epochs", 1))
                        .out())
                .contains("1 line was left out; the first: " + broken + ":2:");
        assertFails(
                data + ":2: must have a value body, found [text, label, group]; name another column with --text",
                classify(bert, data, "--text", "body"));
        assertFails(
                data + ":2: must have a value topic, found [text, label, group]; name another column with --label",
                classify(bert, data, "--label", "topic"));
        assertFails(
                "must have a value customer, found [text, label, group]; name another column with --group",
                classify(bert, data, "--group", "customer"));
        assertFails(
                "found none; 12 lines were left out; the first: " + data + ":2: must have a value body",
                classify(bert, data, "--text", "body", "--skip-bad-lines"));
        assertFails(
                "name another column with --text",
                "embed",
                "--model",
                bert,
                "--data",
                data,
                "--output",
                temp.resolve("none.csv"),
                "--text",
                "body");
        assertFails(
                "must have a value query, found [text, label, group]; name another column with --query",
                "retrieve",
                "--model",
                bert,
                "--data",
                data,
                "--output",
                temp.resolve("retrieved"));
        assertFails(
                "must have a value query, found [text, label, group]; name another column with --query",
                "rerank",
                "--model",
                bert,
                "--data",
                data,
                "--output",
                temp.resolve("ranked"));
        Path latin = temp.resolve("latin.csv");
        Files.write(latin, "text,label\ncaf\u00e9,a\n".getBytes(StandardCharsets.ISO_8859_1));
        assertFails(latin + ":2: must be UTF-8", classify(bert, latin));
    }

    @Test
    @Tag("slow")
    void readsSemicolonsAndSaysHowToReadTheRest() throws IOException {
        String comma = Files.readString(data);
        Path semicolons = Files.writeString(temp.resolve("semicolons.csv"), comma.replace(',', ';'));
        Cli.good(classify(bert, semicolons, "--epochs", 1));
        Path bars = Files.writeString(temp.resolve("bars.csv"), comma.replace(',', '|'));
        assertFails(
                "must have a value text, found [text|label|group]; name another column with --text, or the character"
                        + " between two values with --delimiter",
                classify(bert, bars));
        Cli.good(classify(bert, bars, "--epochs", 1, "--delimiter", "|"));
        Path copy = temp.resolve("bars-copied.csv");
        Cli.good("embed", "--model", bert, "--data", bars, "--delimiter", "|", "--output", copy);
        assertThat(Files.readString(copy)).startsWith("text|label|group|embedding");
        Path tabs = Files.writeString(temp.resolve("tabs.tsv"), comma.replace(',', '\t'));
        Cli.good(classify(bert, tabs, "--epochs", 1, "--delimiter", "tab"));
        assertFails(
                "a delimiter must be used with .csv or .tsv, found JSONL",
                classify(bert, Files.writeString(temp.resolve("d.jsonl"), "{}"), "--delimiter", ";"));
        assertFails(
                "a delimiter must be used with .csv or .tsv, found plain text",
                "clm",
                "--model",
                llama,
                "--data",
                Files.writeString(temp.resolve("d.txt"), "the cat"),
                "--output",
                temp.resolve("clm"),
                "--delimiter",
                ";");
        assertFails(
                "the file must be CSV, TSV or JSONL, found a spreadsheet; save it as CSV in UTF-8",
                classify(bert, Files.writeString(temp.resolve("d.xlsx"), "PK")));
    }

    @Test
    void refusesDataThatCannotBeLearned() throws IOException {
        Path one = temp.resolve("one.csv");
        Files.writeString(one, "text,label\nthe cat,cats\nmilk,cats\n");
        assertFails("must have at least two classes, found only [cats]", classify(bert, one, "--validation", 0));
        assertFails(
                "one example for the validation, found none; add examples, or set --validation 0", classify(bert, one));
        Path none = Files.writeString(temp.resolve("none.csv"), "text,label\n");
        assertFails("there must be at least one example for training, found none", classify(bert, none));
        StringBuilder many = new StringBuilder("text,label\n");
        for (int i = 0; i < 60; i++) {
            many.append("cats,the ").append(i < 50 ? i : 0).append(" cat\n");
        }
        assertFails(
                "a class of the column label must have at least two texts on average, found 50 classes of 60 texts, of which"
                        + " 49 have one text; are --text text and --label label exchanged?",
                classify(bert, Files.writeString(temp.resolve("exchanged.csv"), many)));
        Path text = Files.writeString(temp.resolve("texts.txt"), "the cat");
        assertFails("the name must end with .csv, .tsv or .jsonl", classify(bert, text));
    }

    @Test
    void refusesAnOutputFolderThatCannotBeWritten() throws IOException {
        Path file = Files.writeString(temp.resolve("a-file"), "kept");
        assertFails(
                "the output folder must be writable", "classify", "--model", bert, "--data", data, "--output", file);
        assertThat(file).hasContent("kept");
    }

    @Test
    void refusesTargetsThatTheModelDoesNotHave() {
        assertFails("qery", classify(bert, data, "--target", "qery"));
    }

    @Test
    void refusesAPredictionThatWouldLoseSomething() throws IOException {
        Path adapter = temp.resolve("adapter");
        Cli.good("classify", "--model", bert, "--data", data, "--output", adapter, "--epochs", 1, "--validation", 0);
        Object[] predict = {"predict", "--model", bert, "--adapter", adapter, "--data"};
        Path taken = Files.writeString(temp.resolve("taken.csv"), "text,predicted\nthe cat,x\n");
        Path output = Files.writeString(temp.resolve("kept.csv"), "kept");
        assertFails("must not have a column predicted, found one", Cli.words(predict, taken, "--output", output));
        assertThat(output).hasContent("kept");
        assertFails("the name must end with .csv", Cli.words(predict, data, "--output", temp.resolve("p.txt")));
        assertFails(
                "must be in a folder that exists", Cli.words(predict, data, "--output", temp.resolve("no/where.csv")));
        Path two = Files.writeString(temp.resolve("two.jsonl"), "{\"text\":\"a\"}\n{\"text\":\"a\",\"b\":1}\n");
        assertFails(
                "each row must have the columns of the first one",
                Cli.words(predict, two, "--output", temp.resolve("two.csv")));
        Path tab = Files.writeString(temp.resolve("tab.jsonl"), "{\"text\":\"a\\tb\"}\n");
        assertFails("must have no tab", Cli.words(predict, tab, "--output", temp.resolve("tab.tsv")));
        Cli.good(Cli.words(predict, tab, "--output", temp.resolve("tab.csv.gz")));
        Path unknown = Files.writeString(temp.resolve("unknown.csv"), "text,label\nthe cat,dogs\n");
        assertFails(
                unknown + ":2: label must be one of the classes of the classifier, [cats, ships], found 'dogs'",
                "evaluate",
                "--model",
                bert,
                "--adapter",
                adapter,
                "--data",
                unknown);
        Path some = Files.writeString(temp.resolve("some-unknown.csv"), "text,label\nthe cat,dogs\nthe cat,cats\n");
        assertThat(Cli.good("evaluate", "--model", bert, "--adapter", adapter, "--data", some, "--skip-bad-lines")
                        .out())
                .contains("1 text: ", "1 line was left out; the first: " + some + ":2: label must be one of");
        assertFails("the model must have a classifier, found none", "evaluate", "--model", bert, "--data", data);
        assertFails("found an adapter; give the folder of its base", "evaluate", "--model", adapter, "--data", data);
        Files.writeString(adapter.resolve("task.json"), "{\"task\": \"other\"}");
        assertFails(
                "must be a file that 'lora classify', 'lora tag', 'lora retrieve' or 'lora rerank' wrote",
                "inspect",
                adapter);
    }
}
