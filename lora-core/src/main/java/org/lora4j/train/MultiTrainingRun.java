package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.internal.Inputs;
import org.lora4j.nn.internal.JointPass;
import org.lora4j.nn.internal.Pass;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call of {@link MultiTrainer#fit}. */
final class MultiTrainingRun {
    private static final Logger log = LoggerFactory.getLogger(MultiTrainer.class);

    /** More rows at a time are no faster, and the buffers for them grow. */
    private static final int MAX_ROWS = 512;

    private final List<Member> members = new ArrayList<>();
    private final @Nullable JointPass pass;

    /** One of the trainings. */
    private static final class Member {
        private final Model model;
        private @Nullable TrainingRun run;
        private @Nullable Batch batch;
        private @Nullable TrainingResult result;
        private @Nullable RuntimeException failure;
        private double loss;

        Member(MultiTrainer.Training training) {
            model = training.trainer().settings().model();
            attempt(() -> run = new TrainingRun(training.trainer().settings(), training.data()));
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
                failure = e;
                log.warn("the training of {} ended with a failure; the others go on: {}", model, e.getMessage());
            }
        }

        void prepare() {
            Batch next = run().next();
            run().step().prepare(Inputs.rows(next.input()));
            batch = next;
        }

        void loss(JointPass pass, int index) {
            loss = run().step()
                    .loss(
                            batch().input(),
                            pass.output(index),
                            batch().labels(),
                            pass.outputGradient(index),
                            run().nextIteration(),
                            () -> pass.firstNonFinite(index));
        }

        void update() {
            run().computed(batch(), loss);
            endIfThrough();
        }

        void endIfThrough() {
            if (run().isThrough()) {
                result = run().end();
            }
        }
    }

    MultiTrainingRun(List<MultiTrainer.Training> trainings) {
        trainings.forEach(training -> members.add(new Member(training)));
        List<Member> training = training();
        pass = training.isEmpty() ? null : JointPass.of(passes(training));
    }

    private static List<Pass> passes(List<Member> some) {
        return some.stream().map(member -> member.run().step().pass()).toList();
    }

    private List<Member> training() {
        return members.stream().filter(Member::isTraining).toList();
    }

    List<MultiTrainer.Outcome> run() {
        TrainingRun.adviseOnThreads();
        training().forEach(member -> member.attempt(member.run()::begin));
        List<Member> active = training();
        while (!active.isEmpty()) {
            takeSteps(active, Objects.requireNonNull(pass));
            active = training();
        }
        return members.stream()
                .map(member -> new MultiTrainer.Outcome(member.model, member.result, member.failure))
                .toList();
    }

    /** Takes one step of each training, of as many at a time as there are rows for. */
    private static void takeSteps(List<Member> active, JointPass joint) {
        active.forEach(member -> member.attempt(member::prepare));
        List<Member> group = new ArrayList<>();
        long rows = 0;
        for (Member member : active) {
            if (!member.isTraining()) {
                continue;
            }
            long size = member.batch().size();
            if (!group.isEmpty() && rows + size > MAX_ROWS) {
                takeStepsTogether(group, joint);
                group.clear();
                rows = 0;
            }
            group.add(member);
            rows += size;
        }
        if (!group.isEmpty()) {
            takeStepsTogether(group, joint);
        }
    }

    private static void takeStepsTogether(List<Member> group, JointPass joint) {
        List<INDArray> features = group.stream()
                .map(member -> Inputs.rows(member.batch().input()))
                .toList();
        joint.forward(passes(group), features);
        for (int i = 0; i < group.size(); i++) {
            int index = i;
            group.get(i).attempt(() -> group.get(index).loss(joint, index));
        }
        joint.backward();
        for (Member member : group) {
            if (member.isTraining()) {
                member.attempt(member::update);
            }
        }
    }
}
