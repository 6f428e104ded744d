import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Checks what a shortened run of {@code story}, {@code calendar} or {@code tickets} of the text example wrote:
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
        boolean isCalendar = run.report.has("functions");
        boolean isTickets = !isCalendar && run.report.has("results");
        if (isCalendar) {
            run.calendar();
        } else if (isTickets) {
            run.tickets();
        } else {
            run.story();
        }
        run.base(isTickets ? 36 : 28, isTickets ? 103 : 38);
        JsonNode files = run.report.at("/files");
        // The calendar also has a chat template, and the adapter of the tickets a task.
        require(files.size() == (isCalendar || isTickets ? 9 : 8), "the files", files);
        for (JsonNode file : files) {
            require(Files.size(folder.resolve(file.asText())) > 0, "the files", file);
        }
        System.out.println("the report of " + folder + " is right");
    }

    private void story() {
        // A model that knows nothing has 2,048, as many as there are tokens. 30 batches teach it the frequent ones.
        for (String time : new String[] {"before", "after"}) {
            for (String speeches : new String[] {"oldSpeeches", "newSpeeches"}) {
                double perplexity = number(report, "/" + time + "/" + speeches);
                require(perplexity > 1 && perplexity < 1000, "perplexity", report.at("/" + time));
            }
        }
        require(report.at("/samples").size() == 3, "samples", report.at("/samples"));
    }

    private void calendar() {
        require(report.at("/functions").size() == 6, "functions", report.at("/functions"));
        JsonNode results = report.at("/results");
        List<String> names = List.of("base", "base + grammar", "LoRA", "LoRA + grammar");
        require(results.findValuesAsText("name").equals(names), "results", results);
        for (JsonNode result : results) {
            double answers = number(result, "/all/answers");
            double valid = number(result, "/all/valid");
            require(answers == number(report, "/settings/test"), "answers", result);
            require(valid >= number(result, "/all/functions"), "functions", result);
            boolean hasGrammar = result.at("/name").asText().endsWith("grammar");
            require(!hasGrammar || valid == answers, "valid answers with a grammar", result);
        }
        // The base knows none of the functions. A short training teaches the adapter at least when to call which.
        double before = number(results, "/1/all/functions");
        double after = number(results, "/3/all/functions");
        require(after > before, "right functions", results);
    }

    private void tickets() {
        JsonNode results = report.at("/results");
        List<String> names = List.of("regular expressions", "frozen model", "LoRA");
        for (int i = 0; i < names.size(); i++) {
            require(results.at("/" + i + "/name").asText().equals(names.get(i)), "results", results);
        }
        // Few batches teach the adapter already more than a classifier on the frozen model knows.
        double than = number(results, "/1/adapterIsBetterBy/difference");
        require(than > 0 && number(results, "/1/adapterIsBetterBy/low") < than, "F1 of the adapter", results);
        require(number(results, "/0/f1") > 0.7, "F1 of the regular expressions", results);
        require(report.at("/samples").size() == 5, "samples", report.at("/samples"));
    }

    private void base(int layers, int parameters) {
        require(report.at("/sizes/adaptedLayers").asInt() == layers, "adapted layers", report.at("/sizes"));
        require(report.at("/base/outputUnchanged").asBoolean(), "the base's output", report.at("/base"));
        require(report.at("/base/frozenUnchanged").size() == parameters, "parameters of the base", report.at("/base"));
        for (JsonNode unchanged : report.at("/base/frozenUnchanged")) {
            require(unchanged.asBoolean(), "unchanged parameters", report.at("/base"));
        }
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
