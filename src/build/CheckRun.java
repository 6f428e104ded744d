import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** Checks what a shortened run of the example wrote: {@code java -cp 'lib/*' CheckRun.java FOLDER}. */
public final class CheckRun {
    private final Path folder;

    private CheckRun(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] args) throws IOException {
        new CheckRun(Path.of(args[0])).check();
        System.out.println("the report of " + args[0] + " is right");
    }

    private void check() throws IOException {
        JsonNode report = new ObjectMapper().readTree(folder.resolve("report.json").toFile());
        JsonNode parameters = report.at("/parameters");
        require(parameters.get("original").asLong() == 2807010, "original parameters", parameters);
        require(parameters.get("lora").asLong() == 6794, "LoRA's parameters", parameters);
        require(parameters.get("total").asLong() == 2813804, "all parameters", parameters);
        require(Math.abs(parameters.get("incrementPercent").asDouble() - 0.242) < 1e-3, "the increment", parameters);
        require(parameters.at("/layers/0/loraA").toString().equals("[1,784]"), "the shape of A", parameters);
        require(report.at("/training/base/iterations").asInt() == 600, "base iterations", report.at("/training"));
        require(report.at("/training/fineTune/iterations").asInt() == 100, "iterations", report.at("/training"));

        allTrue(report, "frozenUnchanged", 6);
        allTrue(report, "effectiveWeightExact", 3);
        allTrue(report, "disabledEqualsOriginal", 3);

        JsonNode base = report.get("base");
        for (String name : List.of("base", "loraEnabled", "loraDisabled", "loraMerged")) {
            consistent(name, report.get(name));
        }
        require(base.get("accuracy").asDouble() > 0.8, "the accuracy of the base must be above 0.8", base);
        require(base.equals(report.get("loraDisabled")), "without LoRA the base must answer", report.get("loraDisabled"));
        int before = base.at("/wrong/9").asInt();
        int after = report.at("/loraEnabled/wrong/9").asInt();
        require(after < before, "errors on 9 must fall", before + " to " + after);

        JsonNode again = new ObjectMapper().readTree(folder.resolve("evaluate.json").toFile());
        require(again.get("wrong").equals(base.get("wrong")), "the stored base must give the same errors", again);

        files(report.get("files"));
    }

    private static void consistent(String name, JsonNode result) {
        int total = 0;
        int right = 0;
        for (int actual = 0; actual < 10; actual++) {
            int wrong = 0;
            for (int predicted = 0; predicted < 10; predicted++) {
                int count = result.at("/confusion/" + actual + "/" + predicted).asInt();
                total += count;
                if (predicted == actual) {
                    right += count;
                } else {
                    wrong += count;
                }
            }
            require(wrong == result.at("/wrong/" + actual).asInt(), name + ": wrong counts of " + actual, result);
        }
        require(total == 10000, name + ": all test images must be counted", total);
        require(Math.abs(result.get("accuracy").asDouble() - right / 10000.0) < 1e-9, name + ": accuracy", result);
    }

    private static void allTrue(JsonNode report, String name, int size) {
        JsonNode values = report.get(name);
        require(values.size() == size, name + " must have " + size + " entries", values);
        values.forEach(value -> require(value.isBoolean() && value.asBoolean(), name + " must be true", values));
    }

    private void files(JsonNode files) throws IOException {
        require(files.size() == 11, "all files must be listed", files);
        for (JsonNode name : files) {
            File file = folder.resolve(name.asText()).toFile();
            require(Files.size(file.toPath()) > 100, "a file must be there", file);
            if (file.getName().endsWith(".png")) {
                require(ImageIO.read(file).getWidth() >= 600, "a chart must be a picture", file);
            }
        }
        require(folder.resolve("report.html").toFile().isFile(), "the page must be there", folder);
    }

    private static void require(boolean holds, String rule, Object found) {
        if (!holds) {
            System.err.println("wrong report: " + rule + ", found " + found);
            System.exit(1);
        }
    }
}
