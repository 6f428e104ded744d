import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Checks what a short run of the command line wrote: {@code java -cp 'lib/*' CheckCliRun.java FOLDER}. */
public final class CheckCliRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private CheckCliRun() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        classification(folder);
        retrieval(folder);
        language(folder);
        System.out.println("the run of the command line in " + folder + " is right");
    }

    private static void classification(Path folder) throws IOException {
        JsonNode report = report(folder, "classify.json", "eras", 7);
        require(report.at("/classes").size() == 4, "the classes", report.at("/classes"));
        // The default is never worse than the frozen model, but for chance.
        require(report.at("/learned/start").asText().equals("probe"), "the start", report.at("/learned"));
        require(!report.at("/judgement/outcome").asText().equals("WORSE"), "the judgement", report.at("/judgement"));
        require(number(report, "/learned/written") == rows(folder.resolve("train.tsv")), "the texts", report.at("/learned"));
        require(report.at("/settings/head").asText().equals("mean"), "the head", report.at("/settings"));
        require(
                learned(report) == rows(folder.resolve("train.tsv"))
                        && number(report, "/metrics/texts") == number(report, "/sizes/test"),
                "the texts",
                report.at("/sizes"));

        JsonNode tested = read(folder.resolve("evaluate.json"));
        double texts = number(tested, "/metrics/texts");
        require(texts == rows(folder.resolve("test.tsv")), "the texts", tested.at("/metrics/texts"));
        // Four classes: 25 % is chance, and a linear classifier on the frozen model has 45 %, give or take 10.
        double accuracy = number(tested, "/metrics/accuracy");
        require(accuracy > 0.35, "the accuracy", tested.at("/metrics"));

        List<String> lines = Files.readAllLines(folder.resolve("predicted.jsonl"));
        require(lines.size() == texts, "the predictions", tested.at("/metrics/texts"));
        int right = 0;
        double greatest = 0;
        for (String line : lines) {
            JsonNode row = JSON.readTree(line);
            right += row.required("predicted").equals(row.required("label")) ? 1 : 0;
            double probability = number(row, "/probability");
            // It is that of the most probable of four classes.
            require(probability >= 0.25 && probability <= 1, "the probability", row);
            greatest = Math.max(greatest, probability);
        }
        require(greatest > 0.5, "the greatest probability", tested.at("/metrics"));
        require(Math.abs(right / texts - accuracy) < 1e-9, "the predictions", tested.at("/metrics"));

        JsonNode adapter = read(folder.resolve("inspect.json"));
        require(number(adapter, "/rank") == 8, "the rank", adapter);
        require(number(adapter, "/fingerprints") == 36, "the fingerprints", adapter);
        require(adapter.at("/fit/sameWeights").asBoolean(), "the base", adapter.at("/fit"));
    }

    private static JsonNode read(Path file) throws IOException {
        return JSON.readTree(file.toFile());
    }

    /** Checks that all files of a training are there, and returns its report. */
    private static JsonNode report(Path folder, String printed, String output, int files) throws IOException {
        JsonNode report = read(folder.resolve(output).resolve("report.json"));
        require(report.equals(read(folder.resolve(printed))), "the printed report", report.at("/files"));
        require(report.at("/files").size() == files, "the files", report.at("/files"));
        for (JsonNode file : report.at("/files")) {
            require(Files.size(folder.resolve(output).resolve(file.asText())) > 0, "the files", file);
        }
        return report;
    }

    /** Returns how many examples the training, its validation and its test had, or could not learn. */
    private static double learned(JsonNode report) {
        return number(report, "/sizes/examples")
                + number(report, "/sizes/validation")
                + number(report, "/sizes/test")
                + number(report, "/sizes/unlearnable");
    }

    /** Returns the number of rows of a table, without its header. */
    private static int rows(Path table) throws IOException {
        return Files.readAllLines(table).size() - 1;
    }

    private static void retrieval(Path folder) throws IOException {
        JsonNode search = report(folder, "retrieve.json", "search", 7);
        int pairs = rows(folder.resolve("pairs.tsv"));
        require(learned(search) == pairs, "the pairs", search.at("/sizes"));
        JsonNode sorter = report(folder, "rerank.json", "sorter", 7);
        int triples = rows(folder.resolve("triples.tsv"));
        require(learned(sorter) == 2 * triples, "the pairs", sorter.at("/sizes"));
        for (String time : new String[] {"/before", "/after"}) {
            // Among 13 texts, 0.24 is chance. The model alone has 0.51, and an epoch of 11 batches hardly changes it.
            JsonNode found = search.at(time);
            require(number(found, "/queries") == number(search, "/sizes/validation"), "the queries", found);
            require(number(found, "/texts") == number(found, "/queries"), "the texts", found);
            require(number(found, "/mrr") > 0.4, "the reciprocal rank", found);
            // Each query has a right text and a wrong one, so its reciprocal rank is 1 or 1/2. With 9 queries and 15
            // batches, whether the training helped cannot be told from chance.
            JsonNode sorted = sorter.at(time);
            require(number(sorted, "/texts") == number(sorter, "/sizes/validation"), "the texts", sorted);
            require(number(sorted, "/texts") == 2 * number(sorted, "/queries"), "the queries", sorted);
            double expected = (1 + number(sorted, "/recallAt1")) / 2;
            require(Math.abs(number(sorted, "/mrr") - expected) < 1e-9, "the reciprocal rank", sorted);
        }
        List<String> vectors = Files.readAllLines(folder.resolve("vectors.jsonl"));
        require(vectors.size() == pairs, "the number of embeddings", IntNode.valueOf(vectors.size()));
        for (String line : vectors) {
            JsonNode row = JSON.readTree(line);
            double norm = 0;
            for (JsonNode element : row.required("embedding")) {
                norm += element.asDouble() * element.asDouble();
            }
            require(row.at("/embedding").size() == 384, "the size of an embedding", row);
            require(Math.abs(norm - 1) < 1e-4, "the norm of an embedding", row);
        }
        List<String> scores = Files.readAllLines(folder.resolve("scores.jsonl"));
        require(scores.size() == triples, "the number of scores", IntNode.valueOf(scores.size()));
        for (String line : scores) {
            JsonNode row = JSON.readTree(line);
            double score = number(row, "/score");
            require(score > 0 && score < 1, "the score", row);
        }
    }

    private static void language(Path folder) throws IOException {
        JsonNode plain = report(folder, "clm.json", "plain", 6);
        require(
                number(plain, "/after/loss") < number(plain, "/before/loss"),
                "the loss of plain text",
                plain.at("/after"));
        JsonNode answers = report(folder, "sft.json", "answers", 6);
        int completions = Files.readAllLines(folder.resolve("completions.jsonl")).size();
        require(learned(answers) == completions, "the answers", answers.at("/sizes"));
        require(answers.at("/samples").size() == 1, "the samples", answers.at("/samples"));
        JsonNode preferred = report(folder, "dpo.json", "preferred", 6);
        JsonNode pairs = preferred.at("/trainingPairs");
        require(number(pairs, "/pairs") == 39, "the pairs", pairs);
        // Without a training it is ln 2.
        require(number(pairs, "/loss") < 0.69, "the loss of the preferences", pairs);
        JsonNode generated = read(folder.resolve("generate.json"));
        require(!generated.at("/text").asText().isBlank(), "the text", generated);
        require(Files.size(folder.resolve("converted/adapter_model.safetensors")) > 0, "the conversion", plain);
        JsonNode converted = read(folder.resolve("converted/adapter_config.json"));
        require(number(converted, "/r") == 4, "the rank of the conversion", converted);
        // The adapter, the model that it was merged into, and what was extracted from that model: the same function.
        JsonNode adapted = read(folder.resolve("adapted.json"));
        for (String other : new String[] {"merged.json", "extracted.json"}) {
            JsonNode tested = read(folder.resolve(other));
            double tokens = number(tested, "/metrics/tokens");
            require(tokens == number(adapted, "/metrics/tokens"), other, tested.at("/metrics"));
            double difference = number(tested, "/metrics/loss") - number(adapted, "/metrics/loss");
            // The training changed the loss by 0.006.
            require(Math.abs(difference) < 1e-4, other, tested.at("/metrics"));
        }
        JsonNode extraction = read(folder.resolve("extract.json"));
        require(number(extraction, "/greatestError") < 1e-3, "the extraction", extraction);
    }

    /** Returns a number that must be there. Jackson itself returns 0 for a field that is missing. */
    private static double number(JsonNode node, String path) {
        JsonNode value = node.at(path);
        if (!value.isNumber()) {
            throw new IllegalStateException(path + " must be a number, found " + node);
        }
        return value.asDouble();
    }

    private static void require(boolean holds, String what, JsonNode found) {
        if (!holds) {
            throw new IllegalStateException(what + " must be right, found " + found);
        }
    }
}
