package org.lora4j.cli.train;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.train.AdamW;
import picocli.CommandLine.Option;

/** How a training runs: AdamW, with a warm-up of the learning rate. */
public final class TrainingPlan {
    @Option(
            names = "--epochs",
            paramLabel = "N",
            description =
                    "How often all examples are used. Default: 3; for 'classify' and 'tag' 4, and more for few texts, up to 10, until"
                            + " there are 100 steps; for 'sft', 'clm' and 'dpo' more for few examples, up to 10, until there are"
                            + " 500; for 'rerank' up to 30, until there are 300.")
    private @Nullable Integer epochs;

    @Option(names = "--batch", paramLabel = "N", description = "The examples of a batch. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description =
                    "The batches of a step. It equals larger batches in less memory, except with --dropout, which drops"
                            + " other numbers then, and for 'retrieve', whose wrong answers are those of a batch. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int accumulate = 1;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            description =
                    "The greatest learning rate. Default: 0.0005 for 'classify', 'tag' and 'retrieve', 0.001 for 'rerank'; for a"
                            + " model whose hidden states have d numbers 0.0005·(2000/d)^0.78 for 'sft' and 'clm', and a twentieth of it for"
                            + " 'dpo'.")
    private @Nullable Double rate;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            description = "How the learning rate falls: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Schedule schedule = Schedule.LINEAR;

    @Option(
            names = "--warmup",
            paramLabel = "SHARE",
            description = "The share of the steps in which the learning rate rises. Default: ${DEFAULT-VALUE}.")
    private double warmup = 0.1;

    @Option(names = "--weight-decay", paramLabel = "L", description = "The decay of AdamW. Default: ${DEFAULT-VALUE}.")
    private double weightDecay = 0.01;

    @Option(
            names = "--clip",
            paramLabel = "NORM",
            description = "The greatest norm of the gradients; 0 for no limit. Default: ${DEFAULT-VALUE}.")
    private double clip = 1;

    @Option(
            names = "--patience",
            paramLabel = "EPOCHS",
            description =
                    "Stop if the validation did not improve for so many epochs; 0 for never. The best epoch is kept."
                            + " Default: ${DEFAULT-VALUE}.")
    private int patience = 3;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "STEPS",
            description = "The steps between two checkpoints; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int checkpointEvery = 100;

    private final DefaultRate defaultRate;
    private final DefaultEpochs defaultEpochs;

    /** How many numbers a hidden state of the model has. */
    private final int width;

    /**
     * Creates the plan of a command.
     *
     * @param batch the examples of a batch, unless an option says it
     * @param defaultRate the greatest learning rate, unless an option says it
     * @param defaultEpochs how often all examples are used, unless an option says it
     */
    public TrainingPlan(int batch, DefaultRate defaultRate, DefaultEpochs defaultEpochs) {
        this.batch = batch;
        this.defaultRate = defaultRate;
        this.defaultEpochs = defaultEpochs;
        width = 1;
    }

    private TrainingPlan(TrainingPlan other, int width, @Nullable Double rate, @Nullable Integer epochs) {
        this.width = width;
        this.rate = rate;
        this.epochs = epochs;
        batch = other.batch;
        defaultRate = other.defaultRate;
        defaultEpochs = other.defaultEpochs;
        accumulate = other.accumulate;
        schedule = other.schedule;
        warmup = other.warmup;
        weightDecay = other.weightDecay;
        clip = other.clip;
        patience = other.patience;
        seed = other.seed;
        checkpointEvery = other.checkpointEvery;
    }

    /**
     * Returns the same plan for a model, of which the default rate may depend.
     *
     * @param hidden how many numbers a hidden state of the model has
     * @return the plan
     */
    public TrainingPlan forWidth(int hidden) {
        return new TrainingPlan(this, hidden, rate, epochs);
    }

    /** Returns the same plan with another greatest learning rate. */
    TrainingPlan withRate(double other) {
        return new TrainingPlan(this, width, other, epochs);
    }

    /** Returns the same plan with another number of epochs. */
    TrainingPlan withEpochs(int other) {
        return new TrainingPlan(this, width, rate, other);
    }

    /**
     * Checks the options.
     *
     * @param check what refuses them
     */
    public void check(OptionCheck check) {
        check.atLeast("--epochs", epochs(), 1);
        check.atLeast("--batch", batch, 1);
        check.atLeast("--accumulate", accumulate, 1);
        check.positive("--rate", rate());
        check.share("--warmup", warmup);
        check.require(
                weightDecay >= 0 && Double.isFinite(weightDecay),
                "--weight-decay must be finite and at least 0, found " + weightDecay);
        check.require(clip >= 0, "--clip must be at least 0, found " + clip);
        check.atLeast("--patience", patience, 0);
        check.atLeast("--checkpoint-every", checkpointEvery, 0);
    }

    /**
     * Returns whether an option says how often the examples are used.
     *
     * @return false if the program decides it
     */
    public boolean asksForEpochs() {
        return epochs != null;
    }

    /** Returns how often all examples are used, unless they are few. */
    int epochs() {
        return epochs == null ? defaultEpochs.least() : epochs;
    }

    /** Returns how often all examples are used. */
    int epochs(int examples) {
        return epochs == null ? defaultEpochs.of(stepsOfEpoch(examples)) : epochs;
    }

    /** Returns the steps in which all examples are used once. */
    int stepsOfEpoch(int examples) {
        return divideUp(divideUp(examples, batch), accumulate);
    }

    private static int divideUp(int dividend, int divisor) {
        return (dividend + divisor - 1) / divisor;
    }

    /** Returns the steps of all epochs. */
    int steps(int examples) {
        return Math.multiplyExact(epochs(examples), stepsOfEpoch(examples));
    }

    /** Returns AdamW with the learning rate of each step of a training. */
    AdamW updater(int steps) {
        return new AdamW(schedule.rates(rate(), (int) (warmup * steps), steps), weightDecay);
    }

    /**
     * Returns the examples of a batch.
     *
     * @return their number
     */
    public int batch() {
        return batch;
    }

    /** Returns the batches of a step. */
    int accumulate() {
        return accumulate;
    }

    /** Returns the greatest learning rate. */
    double rate() {
        return rate == null ? defaultRate.forWidth(width) : rate;
    }

    /** Returns λ of AdamW. */
    double weightDecay() {
        return weightDecay;
    }

    /** Returns the greatest norm of the gradients; 0 for no limit. */
    double clip() {
        return clip;
    }

    /** Returns for how many epochs the training goes on without a better validation; 0 for always. */
    int patience() {
        return patience;
    }

    /**
     * Returns the seed of all random choices.
     *
     * @return the seed
     */
    public long seed() {
        return seed;
    }

    /** Returns the steps between two checkpoints; 0 for none. */
    int checkpointEvery() {
        return checkpointEvery;
    }

    /** Returns the settings that decide about the result, for reports and checkpoints. */
    Map<String, Object> settings(int examples) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("epochs", epochs(examples));
        settings.put("batch", batch);
        settings.put("accumulate", accumulate);
        settings.put("rate", rate());
        settings.put("schedule", schedule.name().toLowerCase(Locale.ROOT));
        settings.put("warmup", warmup);
        settings.put("weightDecay", weightDecay);
        settings.put("clip", clip);
        settings.put("patience", patience);
        settings.put("seed", seed);
        return settings;
    }
}
