package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call of {@link MultiTrainer#fit}. */
final class MultiTrainingRun {
    private static final Logger log = LoggerFactory.getLogger(MultiTrainer.class);

    /** More examples at a time are no faster, and the buffers for them grow. */
    private static final int MAX_EXAMPLES = 512;

    /** The same for the tokens of sequences. */
    private static final int MAX_TOKENS = 4096;

    /** The fewest trainings whose updates another thread takes over. */
    private static final int UPDATES_PER_THREAD = 4;

    private final List<Member> members = new ArrayList<>();
    private final @Nullable BatchLoss losses;

    /** One of the trainings. */
    private static final class Member {
        private final Model model;
        private final TrainingSettings settings;
        private @Nullable TrainingRun run;
        private @Nullable Batch batch;
        private @Nullable TrainingResult result;
        private @Nullable RuntimeException failure;
        private double loss;
        private boolean isStepDue;

        Member(MultiTrainer.Training training) {
            settings = training.trainer().settings();
            model = settings.model();
            attempt(() -> run = new TrainingRun(settings, training.data()));
        }

        TrainingRun run() {
            return Objects.requireNonNull(run);
        }

        Batch batch() {
            return Objects.requireNonNull(batch);
        }

        boolean isTraining() {
            return failure == null && result == null;
        }

        /** Does a part of this training. If it fails, only this training ends. */
        void attempt(Runnable part) {
            try {
                part.run();
            } catch (RuntimeException e) {
                fail(e);
            }
        }

        void fail(RuntimeException e) {
            failure = e;
            log.warn("the training of {} ended with a failure; the others go on: {}", model, e.getMessage());
        }

        void prepare() {
            Batch next = run().next().here();
            run().step().prepare(next.input());
            batch = next;
        }

        void loss(BatchLoss losses, int index) {
            loss = run().step().loss(losses, index, batch().input(), batch().labels(), run().nextIteration());
        }

        void computed() {
            isStepDue = run().computed(batch().input().count(), loss);
        }

        void update() {
            if (isStepDue) {
                run().update();
            }
        }

        void taken() {
            if (isStepDue) {
                run().taken();
            }
            if (run().isThrough()) {
                result = run().end();
            }
        }
    }

    MultiTrainingRun(List<MultiTrainer.Training> trainings) {
        trainings.forEach(training -> members.add(new Member(training)));
        List<Member> training = training();
        // The rows of several segments are in 'c' order.
        losses = training.isEmpty()
                ? null
                : new BatchLoss(Pass.together(segments(training), recompute(training)), training.get(0).model, 'c');
    }

    private static List<Segment> segments(List<Member> some) {
        return some.stream().map(member -> member.run().step().segment()).toList();
    }

    private static boolean recompute(List<Member> training) {
        return training.stream().anyMatch(member -> member.settings.recomputes());
    }

    private List<Member> training() {
        return members.stream().filter(Member::isTraining).toList();
    }

    List<MultiTrainer.Outcome> run() {
        ThreadAdvice.log(members.stream().map(member -> member.settings).toList());
        attempt(members, member -> member.run().begin());
        List<Member> active = training();
        while (!active.isEmpty()) {
            takeSteps(active, Objects.requireNonNull(losses));
            active = training();
        }
        return members.stream()
                .map(member -> new MultiTrainer.Outcome(member.model, member.result, member.failure))
                .toList();
    }

    /** Takes one step of each training, of as many at a time as there are rows for. */
    private void takeSteps(List<Member> active, BatchLoss together) {
        attempt(active, Member::prepare);
        List<Member> group = new ArrayList<>();
        double filled = 0;
        for (Member member : active) {
            if (!member.isTraining()) {
                continue;
            }
            double size = size(member.batch().input());
            if (!group.isEmpty() && filled + size > 1) {
                takeStepsTogether(group, together);
                group.clear();
                filled = 0;
            }
            group.add(member);
            filled += size;
        }
        if (!group.isEmpty()) {
            takeStepsTogether(group, together);
        }
    }

    /** The size of a batch as a part of what is computed at a time. */
    private static double size(Input input) {
        return input instanceof Sequences sequences
                ? (double) sequences.tokens() / MAX_TOKENS
                : (double) input.count() / MAX_EXAMPLES;
    }

    /** If the common computation fails, all trainings of the group end, and no outcome is lost. */
    private void takeStepsTogether(List<Member> group, BatchLoss together) {
        try {
            computeTogether(group, together);
        } catch (RuntimeException e) {
            group.stream().filter(Member::isTraining).forEach(member -> member.fail(e));
        }
        attempt(group, Member::computed);
        // The data and the listeners are code of the program, which expects one thread.
        SpareProcessors.run(
                group.size(), UPDATES_PER_THREAD, (from, to) -> attempt(group.subList(from, to), Member::update));
        attempt(group, Member::taken);
    }

    private static void attempt(List<Member> some, Consumer<Member> part) {
        for (Member member : some) {
            if (member.isTraining()) {
                member.attempt(() -> part.accept(member));
            }
        }
    }

    private void computeTogether(List<Member> group, BatchLoss together) {
        List<Input> inputs =
                group.stream().map(member -> member.batch().input()).toList();
        together.forward(
                Segments.of(segments(group), inputs),
                group.stream().allMatch(member -> member.run().step().isOfTokens()));
        for (int i = 0; i < group.size(); i++) {
            int index = i;
            group.get(i).attempt(() -> group.get(index).loss(together, index));
        }
        together.backward();
    }
}
