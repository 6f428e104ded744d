package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.Classify;

/** Requests for a name while jobs give it other adapters. */
@MustEnd
class PublishedWhileServedTest {
    private static final int ASKERS = 3;
    private static final int EXCHANGES = 60;

    @TempDir
    private Path temp;

    /** Nobody is told that there is no such adapter: neither at once, nor by what a cache remembers. */
    @Test
    void everyRequestIsAnsweredAndTheLastOneByTheLastAdapter() throws Exception {
        OneTask tasks = OneTask.write(temp.resolve("tasks"));
        Path served = temp.resolve("served");
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        LongAdder answers = new LongAdder();
        AtomicBoolean isOver = new AtomicBoolean();
        List<Thread> askers = new ArrayList<>();
        List<String> names = List.of(OneTask.TOPICS, OneTask.TONES);
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service =
                        TextService.builder(model).adapters(served).build()) {
            Publication publication = new Publication(served, service::refresh);
            publication.put(tasks.encoderAdapters().resolve(OneTask.TONES), "it", null);
            for (int i = 0; i < ASKERS; i++) {
                Thread asker = new Thread(() -> {
                    while (!isOver.get()) {
                        try {
                            labels(service);
                            answers.increment();
                        } catch (RuntimeException e) {
                            failures.add(e);
                        }
                    }
                });
                asker.start();
                askers.add(asker);
            }
            for (int i = 0; i < EXCHANGES; i++) {
                String next = names.get(i % names.size());
                publication.put(tasks.encoderAdapters().resolve(next), "it", null);
                // Sometimes the next exchange begins while the cache still loads.
                if (i % 3 == 0) {
                    assertThat(labels(service)).isEqualTo(labels(tasks, next));
                    long before = answers.sum();
                    Patience.await(() -> answers.sum() > before || !failures.isEmpty());
                }
            }
            isOver.set(true);
            for (Thread asker : askers) {
                asker.join();
            }
            assertThat(failures).isEmpty();
            String last = names.get((EXCHANGES - 1) % names.size());
            assertThat(labels(service)).isEqualTo(labels(tasks, last));
        }
    }

    private static List<String> labels(TextService service) {
        return service.answer(Classify.class, "it", OneTask.TEXTS, RequestOptions.defaults())
                .values()
                .get(0)
                .labels()
                .names();
    }

    private static List<String> labels(OneTask tasks, String name) throws Exception {
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = TextService.builder(model)
                        .adapters(tasks.encoderAdapters())
                        .build()) {
            return service.answer(Classify.class, name, OneTask.TEXTS, RequestOptions.defaults())
                    .values()
                    .get(0)
                    .labels()
                    .names();
        }
    }
}
