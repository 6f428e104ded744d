package org.lora4j.example.text.cli;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.experiment.Tenants;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tenants}: adapters of several tenants over one encoder, served from many threads. */
@Command(
        name = "tenants",
        description = "Train an adapter for each of three tenants over one encoder, and serve their requests from many"
                + " threads: in batches in which each text has its own adapter, against one by one.")
public final class TenantsCommand extends TextCommand {
    @Option(
            names = "--requests",
            paramLabel = "N",
            description = "Requests of all tenants together. Default: ${DEFAULT-VALUE}.")
    private int requests = 1200;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that send requests. Default: ${DEFAULT-VALUE}.")
    private int threads = 16;

    TenantsCommand() {
        super("text-tenants-run", new ModelOptions(96), new FineTuneOptions(List.of("query", "value"), 50, 2e-3));
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        check.atLeast("--requests", requests, 1);
        check.inRange("--threads", threads, 1, 1000);
    }

    @Override
    Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = super.settings();
        settings.put("requests", requests);
        settings.put("threads", threads);
        return settings;
    }

    @Override
    protected void work() throws IOException {
        ClassifiedTexts texts = ClassifiedTexts.read(text().open());
        RunFolder folder = prepareOutput();
        BertModel bert = fineTune().prepare(model().load());
        TextOutput out = new TextOutput(out());
        try (Tokenizer tokens = model().tokens()) {
            out.line("Tenants of one encoder, with an adapter each");
            new Tenants(bert, tokens, texts, fineTune().seed(), out)
                    .run(
                            fineTune().config(),
                            fineTune().training(),
                            fineTune().seed(),
                            new Tenants.Load(requests, threads, threads),
                            folder,
                            settings(),
                            progress("texts"));
        }
    }
}
