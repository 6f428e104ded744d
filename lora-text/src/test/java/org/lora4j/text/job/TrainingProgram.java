package org.lora4j.text.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.IntStream;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextModel;

/** A process that trains three jobs of two owners, or goes on with them. */
public final class TrainingProgram {
    private TrainingProgram() {}

    /**
     * Runs in a folder with the model; ends with 0 when all jobs have succeeded. With the name of an adapter, ends at once when its files
     * change for the first time.
     */
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        boolean isGood = true;
        try (TextModel model =
                        TextModel.open(ModelSource.of(folder.resolve("model")), BaseStorage.of(Precision.FLOAT));
                TrainingService trainings = TrainingService.builder(model, folder.resolve("jobs"))
                        .adapters(folder.resolve("adapters"), name -> {
                            if (args.length > 1 && name.equals(args[1])) {
                                Runtime.getRuntime().halt(0);
                            }
                        })
                        .checkpointEvery(Duration.ofMillis(100))
                        .turn(Duration.ofMillis(500))
                        .atOnce(2)
                        .build()) {
            for (int i = trainings.jobs().size(); i < 3; i++) {
                trainings.submit(request(folder, i));
            }
            for (Job job : trainings.jobs()) {
                isGood &= job.await(Duration.ofMinutes(5)) == JobState.SUCCEEDED;
            }
        }
        if (!isGood) {
            throw new IllegalStateException("all jobs must succeed");
        }
    }

    private static JobRequest request(Path folder, int number) throws Exception {
        Path data = Files.write(
                folder.resolve("rows-" + number + ".jsonl"),
                IntStream.range(0, 60)
                        .mapToObj(i -> "{\"prompt\": \"where is w" + i + "\", \"completion\": \"my parcel "
                                + (i + number) % 3 + "\"}")
                        .toList());
        JobRequest.Builder request = JobRequest.of(JobMethod.SUPERVISED, number == 1 ? "other" : "acme", data)
                .validation(data)
                .hyperparameters(new Hyperparameters(5, 1, null, null))
                .seed(number)
                .adapter("job-" + number);
        // Jobs that want one name would not train at once.
        return number == 1
                ? request.build()
                : request.serveAs("best", Promotion.ALWAYS).build();
    }
}
