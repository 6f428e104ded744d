package org.lora4j.example.text.shop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.TextOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shop}: a service that trains while it serves. */
@Command(
        name = "shop",
        description =
                "Let eight shops correct to which team a message goes, day after day. A service trains an adapter for each from its"
                        + " corrections while clients ask. 'lora serve --train' does this with texts of your own.")
public final class ShopCommand extends WorkCommand {
    /** More bytes than the model, the jobs and a report need. */
    private static final long ROOM = 600_000_000;

    private static final int TENANTS = 8;
    private static final int MOST_DAYS = 30;
    private static final int MOST_MESSAGES = 5_000;
    private static final int MOST_CLIENTS = 256;
    private static final int MOST_SECONDS = 3_600;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the files of the run. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("text-shop-run");

    @Option(names = "--tenants", paramLabel = "N", description = "Shops. Default: ${DEFAULT-VALUE}.")
    private int tenants = TENANTS;

    @Option(names = "--days", paramLabel = "N", description = "Days. Default: ${DEFAULT-VALUE}.")
    private int days = 5;

    @Option(
            names = "--corrections",
            paramLabel = "N",
            description = "Messages that a shop corrects on a day. Default: ${DEFAULT-VALUE}.")
    private int corrections = 60;

    @Option(
            names = "--test",
            paramLabel = "N",
            description = "Messages of the test of each shop. Default: ${DEFAULT-VALUE}.")
    private int tested = 400;

    @Option(names = "--clients", paramLabel = "N", description = "Clients that ask. Default: ${DEFAULT-VALUE}.")
    private int clients = 16;

    @Option(
            names = "--quiet-seconds",
            paramLabel = "N",
            description = "Seconds of each day in which clients ask and nothing trains. Default: ${DEFAULT-VALUE}.")
    private int quietSeconds = 10;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    /** Creates the command with its default options. */
    public ShopCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.inRange("--tenants", tenants, 1, TENANTS);
        check.inRange("--days", days, 2, MOST_DAYS);
        check.inRange("--corrections", corrections, 20, MOST_MESSAGES);
        check.inRange("--test", tested, 20, MOST_MESSAGES);
        check.inRange("--clients", clients, 1, MOST_CLIENTS);
        check.inRange("--quiet-seconds", quietSeconds, 1, MOST_SECONDS);
    }

    @Override
    protected void work() throws IOException {
        RunFolder folder = prepare(output, "the model, the adapters and the report", ROOM);
        try {
            new ShopRun(tenants, days, corrections, tested, clients, quietSeconds, seed)
                    .run(folder, settings(), new TextOutput(out()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        settings.put("output", output.toString());
        settings.put("tenants", tenants);
        settings.put("days", days);
        settings.put("corrections", corrections);
        settings.put("test", tested);
        settings.put("clients", clients);
        settings.put("quietSeconds", quietSeconds);
        settings.put("seed", seed);
        return settings;
    }
}
