package org.lora4j.cli.train;

import java.util.StringJoiner;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;

/** The settings of a trial in a search: a plan, and a new adapter unless the training goes on from one. */
record TrialSettings(TrainingPlan plan, LoRAConfig config, boolean isNew) {
    TrialSettings withRateTimes(double factor) {
        return new TrialSettings(plan.withRate(factor * plan.rate()), config, isNew);
    }

    TrialSettings withEpochsTimes(int factor, int examples) {
        return new TrialSettings(plan.withEpochs(factor * plan.epochs(examples)), config, isNew);
    }

    /** Changes rank and α, so the scale stays. */
    TrialSettings withRankTimes(int factor) {
        return with(config.toBuilder().rank(factor * config.rank()).alpha(factor * config.alpha()));
    }

    TrialSettings withDropout(double dropout) {
        return with(config.toBuilder().dropout(dropout));
    }

    private TrialSettings with(LoRAConfigBuilder changed) {
        return new TrialSettings(plan, isNew ? changed.build() : config, isNew);
    }

    /** Returns the same as options of the command. */
    String options() {
        StringJoiner options = new StringJoiner(" ").add("--rate " + plan.rate());
        if (plan.asksForEpochs()) {
            options.add("--epochs " + plan.epochs());
        }
        if (isNew) {
            options.add("--rank " + config.rank())
                    .add("--alpha " + config.alpha())
                    .add("--dropout " + config.dropout());
        }
        return options.toString();
    }
}
