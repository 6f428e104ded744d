import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Checks what a shortened run of a command of the text example wrote:
 * {@code java -cp 'lib/*' CheckTextRun.java classify|story FOLDER}.
 */
public final class CheckTextRun {
    private final JsonNode report;

    private CheckTextRun(JsonNode report) {
        this.report = report;
    }

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[1]);
        CheckTextRun run =
                new CheckTextRun(new ObjectMapper().readTree(folder.resolve("report.json").toFile()));
        switch (args[0]) {
            case "classify" -> run.classify();
            case "story" -> run.story();
            default -> throw new IllegalArgumentException("unknown command " + args[0]);
        }
        for (JsonNode file : run.report.at("/files")) {
            require(Files.size(folder.resolve(file.asText())) > 0, "the files", file);
        }
        System.out.println("the report of " + folder + " is right");
    }

    private void classify() {
        require(report.at("/texts/train").asInt() == 4000, "training texts", report.at("/texts"));
        require(report.at("/sizes/adaptedLayers").asInt() == 36, "adapted layers", report.at("/sizes"));
        // Four classes: 25 % is chance. The frozen encoder reaches far more even with texts that are cut early.
        require(report.at("/frozen/accuracy").asDouble() > 0.45, "the frozen encoder's accuracy", report.at("/frozen"));
        require(report.at("/merged/confusion").equals(report.at("/lora/confusion")), "merged counts", report.at("/merged"));
        base(103);
    }

    private void story() {
        require(report.at("/sizes/adaptedLayers").asInt() == 28, "adapted layers", report.at("/sizes"));
        // A model that knows nothing has 2,048, as many as there are tokens. 30 batches teach it the frequent ones.
        for (String time : new String[] {"before", "after"}) {
            require(report.at("/" + time + "/newSpeeches").asDouble() < 1000, "perplexity", report.at("/" + time));
        }
        require(report.at("/samples").size() == 3, "samples", report.at("/samples"));
        base(38);
    }

    /** An encoder has 101 parameters and its classifier two, the small Llama 38. */
    private void base(int parameters) {
        require(report.at("/base/outputUnchanged").asBoolean(), "the base's output", report.at("/base"));
        require(report.at("/base/frozenUnchanged").size() == parameters, "parameters of the base", report.at("/base"));
        for (JsonNode unchanged : report.at("/base/frozenUnchanged")) {
            require(unchanged.asBoolean(), "unchanged parameters", report.at("/base"));
        }
    }

    private static void require(boolean holds, String what, JsonNode found) {
        if (!holds) {
            throw new IllegalStateException(what + " must be right, found " + found);
        }
    }
}
