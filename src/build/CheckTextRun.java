import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks what a shortened run of the text example wrote: {@code java -cp 'lib/*' CheckTextRun.java FOLDER}. */
public final class CheckTextRun {
    private CheckTextRun() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        JsonNode report = new ObjectMapper().readTree(folder.resolve("report.json").toFile());
        require(report.at("/texts/train").asInt() == 4000, "training texts", report.at("/texts"));
        require(report.at("/sizes/adaptedLayers").asInt() == 36, "adapted layers", report.at("/sizes"));
        // Four classes: 25 % is chance. The frozen encoder reaches far more even with texts that are cut early.
        require(report.at("/frozen/accuracy").asDouble() > 0.45, "the frozen encoder's accuracy", report.at("/frozen"));
        require(report.at("/merged/confusion").equals(report.at("/lora/confusion")), "merged counts", report.at("/merged"));
        require(report.at("/base/outputUnchanged").asBoolean(), "the base's output", report.at("/base"));
        require(report.at("/base/frozenUnchanged").size() == 103, "parameters of the base", report.at("/base"));
        for (JsonNode unchanged : report.at("/base/frozenUnchanged")) {
            require(unchanged.asBoolean(), "unchanged parameters", report.at("/base"));
        }
        for (JsonNode file : report.at("/files")) {
            require(Files.size(folder.resolve(file.asText())) > 0, "the files", file);
        }
        System.out.println("the report of " + folder + " is right");
    }

    private static void require(boolean holds, String what, JsonNode found) {
        if (!holds) {
            throw new IllegalStateException(what + " must be right, found " + found);
        }
    }
}
