package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.convert.AdapterFiles;
import org.lora4j.cli.convert.WeightedAdapters;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code combine}: several adapters to one. */
@Command(name = "combine", description = "Combine adapters with weights into one, as PEFT's add_weighted_adapter does.")
public final class CombineCommand extends WorkCommand {
    private static final double HALF = 0.5;

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "DIR=WEIGHT",
            description = "An adapter and its weight. Repeat it for each.")
    private final Map<Path, Double> adapters = new LinkedHashMap<>();

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder that is written.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(
            names = "--method",
            paramLabel = "NAME",
            description = "How: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}, the weighted sum, exactly.")
    private WeightedAdapters.Method method = WeightedAdapters.Method.CAT;

    @Option(
            names = "--rank",
            paramLabel = "R",
            description = "The rank of the method SVD. Default: the greatest of the adapters.")
    private @Nullable Integer rank;

    @Option(
            names = "--density",
            paramLabel = "SHARE",
            description =
                    "The share of elements that stay, for the methods that leave some out. Default: " + HALF + ".")
    private @Nullable Double density;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the methods DARE. Default: 0.")
    private @Nullable Long seed;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "The folder of their model, to store fingerprints of it. Default: those that all adapters have, if they"
                            + " agree.")
    private @Nullable Path model;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    CombineCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--rank", Objects.requireNonNullElse(rank, 1), 1);
        double share = Objects.requireNonNullElse(density, HALF);
        check.require(share > 0 && share <= 1, "--density must be above 0 and at most 1, found " + share);
        check.require(
                rank == null || method == WeightedAdapters.Method.SVD,
                "--rank must be used with the method SVD, found " + method);
        check.require(
                density == null || method.leavesOut(),
                "--density must be used with a method that leaves elements out, found " + method);
        check.require(
                seed == null || method.isByChance(),
                "--seed must be used with a method that chooses by chance, found " + method);
    }

    @Override
    protected void work() throws IOException {
        List<Path> sources = List.copyOf(adapters.keySet());
        List<Path> read = new ArrayList<>(sources);
        if (model != null) {
            read.add(model);
        }
        overwrite.requireFolder(folder, read);
        LoRAAdapter combined = new WeightedAdapters(sources, List.copyOf(adapters.values()))
                .combine(
                        method,
                        Objects.requireNonNullElse(rank, 0),
                        Objects.requireNonNullElse(density, HALF),
                        Objects.requireNonNullElse(seed, 0L));
        AdapterFiles.save(combined, sources, model, folder);
        Written written =
                new Written(folder.toString(), Map.of("rank", combined.config().rank()));
        output.show(
                out(),
                written,
                to -> to.line(
                        "adapter of rank %d written to %s", combined.config().rank(), written.output()));
    }
}
