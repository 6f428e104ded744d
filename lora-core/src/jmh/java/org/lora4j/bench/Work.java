package org.lora4j.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs one work and prints the result as one line of JSON: the median time of an operation, the numbers that it
 * computed, and the memory. Arguments such as {@code work=step variant=lora rank=8 batch=64} choose the work.
 * {@code src/bench/compare} runs it.
 */
final class Work {
    private Work() {}

    public static void main(String[] args) throws Exception {
        long begin = System.currentTimeMillis();
        Settings settings = Settings.parse(args);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("jvm", begin - ManagementFactory.getRuntimeMXBean().getStartTime());
        Threads threads = new Threads(settings.threads());
        try (threads) {
            Nd4j.create(DataType.FLOAT, 1, 1).addi(1);
            result.put("nd4j", System.currentTimeMillis() - begin);
            switch (settings.work()) {
                case "idle" -> {}
                case "roofline" -> {
                    result.put("flops", Roofline.flops());
                    result.put("bandwidths", Roofline.bandwidths());
                }
                case "export" -> settings.start().write(Path.of(settings.file()), settings.rank(), settings.adapters());
                case "step" -> new TrainingWork(settings).run(result);
                case "forward" -> new ForwardWork(settings).run(result);
                case "switch" -> ForwardWork.switchAdapters(settings, result);
                default ->
                    throw new IllegalArgumentException(
                            "the work must be idle, roofline, export, step, forward or switch, found "
                                    + settings.work());
            }
        }
        result.put("end", System.currentTimeMillis());
        if (ResidentMemory.isKnown()) {
            result.put("peak", ResidentMemory.peak());
        }
        System.out.println(new ObjectMapper().writeValueAsString(result));
    }
}
