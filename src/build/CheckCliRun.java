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
        require(report.at("/files").size() == 6, "the files", report.at("/files"));
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
        System.out.println("the run of the command line in " + folder + " is right");
    }

    private static void require(boolean holds, String what, JsonNode found) {
        if (!holds) {
            throw new IllegalStateException(what + " must be right, found " + found);
        }
    }
}
