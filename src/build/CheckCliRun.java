import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks what a short run of the command line wrote: {@code java -cp 'lib/*' CheckCliRun.java FOLDER}. */
public final class CheckCliRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private CheckCliRun() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Path eras = folder.resolve("eras");
        JsonNode report = JSON.readTree(eras.resolve("report.json").toFile());
        require(
                report.equals(JSON.readTree(folder.resolve("classify.json").toFile())),
                "the printed report",
                report.at("/files"));
        for (JsonNode file : report.at("/files")) {
            require(Files.size(eras.resolve(file.asText())) > 0, "the files", file);
        }
        require(report.at("/files").size() == 7, "the files", report.at("/files"));
        require(report.at("/classes").size() == 4, "the classes", report.at("/classes"));
        require(report.at("/training/epochs").asInt() == 3, "the epochs", report.at("/training/epochs"));
        require(report.at("/settings/head").asText().equals("mean"), "the head", report.at("/settings"));

        JsonNode tested = JSON.readTree(folder.resolve("evaluate.json").toFile());
        // Four classes: 25 % is chance.
        require(tested.at("/metrics/accuracy").asDouble() > 0.35, "the accuracy", tested.at("/metrics"));

        int rows = 0;
        int right = 0;
        for (String line : Files.readAllLines(folder.resolve("predicted.jsonl"))) {
            JsonNode row = JSON.readTree(line);
            rows++;
            right += row.get("predicted").equals(row.get("label")) ? 1 : 0;
            require(row.get("probability").asDouble() >= 0.25, "the probability", row);
        }
        require(rows == tested.at("/metrics/texts").asInt(), "the rows", tested.at("/metrics/texts"));
        require(
                Math.abs((double) right / rows - tested.at("/metrics/accuracy").asDouble()) < 1e-9,
                "the predictions",
                tested.at("/metrics/accuracy"));

        JsonNode adapter = JSON.readTree(folder.resolve("inspect.json").toFile());
        require(adapter.at("/rank").asInt() == 8, "the rank", adapter);
        require(adapter.at("/fingerprints").asInt() == 36, "the fingerprints", adapter);
        require(adapter.at("/fit/sameWeights").asBoolean(), "the base", adapter.at("/fit"));
        retrieval(folder);
        language(folder);
        System.out.println("the run of the command line in " + folder + " is right");
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

    private static void retrieval(Path folder) throws IOException {
        for (JsonNode report : new JsonNode[] {
            report(folder, "retrieve.json", "search", 7), report(folder, "rerank.json", "sorter", 7)
        }) {
            require(report.at("/after/queries").asInt() > 1, "the queries", report.at("/after"));
            require(report.at("/after/mrr").asDouble() > 0.2, "the reciprocal rank", report.at("/after"));
        }
        for (String line : Files.readAllLines(folder.resolve("vectors.jsonl"))) {
            double norm = 0;
            for (JsonNode element : JSON.readTree(line).get("embedding")) {
                norm += element.asDouble() * element.asDouble();
            }
            require(Math.abs(norm - 1) < 1e-4, "the norm of an embedding", JSON.readTree(line));
        }
        for (String line : Files.readAllLines(folder.resolve("scores.jsonl"))) {
            double score = JSON.readTree(line).get("score").asDouble();
            require(score > 0 && score < 1, "the score", JSON.readTree(line));
        }
    }

    private static void language(Path folder) throws IOException {
        JsonNode plain = report(folder, "clm.json", "plain", 6);
        require(
                plain.at("/after/loss").asDouble() < plain.at("/before/loss").asDouble(),
                "the loss of plain text",
                plain.at("/after"));
        JsonNode answers = report(folder, "sft.json", "answers", 6);
        JsonNode preferred = report(folder, "dpo.json", "preferred", 6);
        JsonNode pairs = preferred.at("/trainingPairs");
        require(pairs.at("/pairs").asInt() == 39, "the pairs", pairs);
        // Without a training it is ln 2.
        require(pairs.at("/loss").asDouble() < 0.69, "the loss of the preferences", pairs);
        require(answers.at("/samples").size() == 1, "the samples", answers.at("/samples"));
        require(!read(folder.resolve("generate.json")).at("/text").asText().isBlank(), "the text", answers.at("/kind"));
        require(Files.size(folder.resolve("converted/adapter_model.safetensors")) > 0, "the conversion", plain);
        double adapted = read(folder.resolve("adapted.json")).at("/metrics/loss").asDouble();
        for (String other : new String[] {"merged.json", "extracted.json"}) {
            JsonNode tested = read(folder.resolve(other));
            require(Math.abs(tested.at("/metrics/loss").asDouble() - adapted) < 1e-3, other, tested.at("/metrics"));
        }
        require(
                read(folder.resolve("extract.json")).at("/greatestError").asDouble() < 1e-3,
                "the extraction",
                read(folder.resolve("extract.json")));
    }

    private static void require(boolean holds, String what, JsonNode found) {
        if (!holds) {
            throw new IllegalStateException(what + " must be right, found " + found);
        }
    }
}
