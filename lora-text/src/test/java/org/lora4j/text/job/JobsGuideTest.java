package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The code blocks of the page about trainings in a service, and of its Javadoc. */
class JobsGuideTest {
    private static final Logger log = LoggerFactory.getLogger(JobsGuideTest.class);

    @TempDir
    private Path temp;

    private Path rows(String name, int count) throws IOException {
        StringBuilder text = new StringBuilder("text,label\n");
        for (int i = 0; i < count; i++) {
            text.append(i % 2 == 0 ? "my parcel w" + i + ",parcels\n" : "where is w" + i + ",places\n");
        }
        return Files.writeString(temp.resolve(name), text);
    }

    @Test
    void aServiceTrainsWhatItServes() throws Exception {
        Path folder = CompleteEncoder.write(temp.resolve("model")).folder();
        Path adapters = Files.createDirectory(temp.resolve("adapters"));
        Path jobs = temp.resolve("jobs");
        Path corrections = rows("corrections.csv", 40);
        Path held = rows("held.csv", 40);
        AtomicInteger running = new AtomicInteger(); // requests that are answered now
        try (TextModel model = TextModel.open(ModelSource.of(folder), BaseStorage.of(Precision.FLOAT));
                TextService service =
                        TextService.builder(model).adapters(adapters).build();
                TrainingService trainings = TrainingService.builder(model, jobs)
                        .adapters(adapters, service::refresh)
                        .serving(() -> running.get() > 0)
                        .share(0.3)
                        .build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", corrections)
                    .validation(held)
                    .serveAs("acme-topics", Promotion.IF_BETTER)
                    .build());
            job.await(Duration.ofMinutes(10));
            log.info("{}: {}", job.state(), job.comparisons());
            assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
            assertThat(service.task(job.adapter()).does()).contains("class");
            assertThat(adapters.resolve("acme-topics").toFile().exists()).isEqualTo(job.isPromoted());
        }
    }
}
