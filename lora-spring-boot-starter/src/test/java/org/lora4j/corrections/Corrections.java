package org.lora4j.corrections;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.lora4j.text.job.JobMethod;
import org.lora4j.text.job.JobRequest;
import org.lora4j.text.job.Promotion;
import org.lora4j.text.job.TrainingService;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatus;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

@RestController
public class Corrections {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TrainingService trainings;
    private final Path folder;
    private final Set<String> tenants;
    private final Random random = new Random();

    Corrections(
            TrainingService trainings,
            @Value("${corrections.path}") Path folder,
            @Value("${tenants}") Set<String> tenants) {
        this.trainings = trainings;
        this.folder = folder;
        this.tenants = tenants;
    }

    public record Correction(String text, String label) {}

    @PostMapping("/corrections/{tenant}")
    public synchronized void add(@PathVariable("tenant") String tenant, @RequestBody Correction correction)
            throws IOException {
        if (!tenants.contains(tenant)) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND);
        }
        String row = JSON.writeValueAsString(Map.of("text", correction.text(), "label", correction.label()));
        // A fifth judges what the others have taught.
        Path file = file(tenant, random.nextInt(5) == 0 ? "held" : "rows");
        Files.writeString(file, row + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Scheduled(cron = "0 0 2 * * *")
    public synchronized void train() throws IOException {
        for (String tenant : tenants) {
            if (Files.exists(file(tenant, "rows")) && Files.exists(file(tenant, "held"))) {
                trainings.submit(JobRequest.of(JobMethod.CLASSIFY, tenant, file(tenant, "rows"))
                        .validation(file(tenant, "held"))
                        .serveAs(tenant, Promotion.IF_BETTER)
                        .build());
            }
        }
    }

    private Path file(String tenant, String part) {
        return folder.resolve(tenant + "-" + part + ".jsonl");
    }
}
