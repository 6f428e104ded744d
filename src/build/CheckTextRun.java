import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Checks what a shortened run of {@code story} or {@code calendar} of the text example wrote:
 * {@code java -cp 'lib/*' CheckTextRun.java FOLDER}.
 */
public final class CheckTextRun {
    private final JsonNode report;

    private CheckTextRun(JsonNode report) {
        this.report = report;
    }

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        CheckTextRun run =
                new CheckTextRun(new ObjectMapper().readTree(folder.resolve("report.json").toFile()));
        if (run.report.has("results")) {
            run.calendar();
        } else {
            run.story();
        }
        run.base();
        for (JsonNode file : run.report.at("/files")) {
            require(Files.size(folder.resolve(file.asText())) > 0, "the files", file);
        }
        System.out.println("the report of " + folder + " is right");
    }

    private void story() {
        // A model that knows nothing has 2,048, as many as there are tokens. 30 batches teach it the frequent ones.
        for (String time : new String[] {"before", "after"}) {
            require(report.at("/" + time + "/newSpeeches").asDouble() < 1000, "perplexity", report.at("/" + time));
        }
        require(report.at("/samples").size() == 3, "samples", report.at("/samples"));
    }

    private void calendar() {
        require(report.at("/functions").size() == 6, "functions", report.at("/functions"));
        JsonNode results = report.at("/results");
        require(results.size() == 4, "results", results);
        for (JsonNode result : results) {
            JsonNode all = result.at("/all");
            int valid = all.at("/valid").asInt();
            require(all.at("/answers").asInt() == report.at("/settings/test").asInt(), "answers", result);
            require(valid >= all.at("/functions").asInt(), "functions", result);
            boolean hasGrammar = result.at("/name").asText().endsWith("grammar");
            require(!hasGrammar || valid == all.at("/answers").asInt(), "valid answers with a grammar", result);
        }
        // The base knows none of the functions. A short training teaches the adapter at least when to call which.
        int before = results.at("/1/all/functions").asInt();
        int after = results.at("/3/all/functions").asInt();
        require(after > before, "right functions", results);
    }

    private void base() {
        require(report.at("/sizes/adaptedLayers").asInt() == 28, "adapted layers", report.at("/sizes"));
        require(report.at("/base/outputUnchanged").asBoolean(), "the base's output", report.at("/base"));
        require(report.at("/base/frozenUnchanged").size() == 38, "parameters of the base", report.at("/base"));
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
