package org.lora4j.example.text.report;

import java.util.List;
import java.util.Map;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;

/** The page of a run of {@code embed}, for readers who do not know the code, in one file. */
final class EmbedPage {
    private final EmbedReport report;
    private final PageParts parts;

    EmbedPage(EmbedReport report, Map<String, Picture> charts) {
        this.report = report;
        this.parts = new PageParts(charts);
    }

    String html() {
        Map<String, String> values = parts.values(
                report.base(), report.sizes(), Map.of("LoRA", report.training()), report.settings(), report.files());
        values.put("texts", Html.escape(report.title()));
        values.put("train", Words.count(report.trainPairs()));
        values.put("test", Words.count(report.before().texts()));
        values.put("tiles", tiles());
        values.put("comparison", comparisonTable());
        values.put("findings", Html.list(findings()));
        values.put("references", PageParts.references(report.references()));
        return Html.page(
                "LoRA on sentence embeddings: " + report.title(),
                PageParts.EXAMPLE,
                Html.fillTemplate(EmbedPage.class, "embed.html", values));
    }

    private String tiles() {
        return Html.tile(
                        share(report.before().recallAt1()) + " → "
                                + share(report.after().recallAt1()),
                        "of the passages find the next one first (recall@1)")
                + PageParts.tiles(report.base(), report.sizes(), report.training());
    }

    private static String share(double share) {
        return Words.fixed(share, 3);
    }

    private String comparisonTable() {
        return new HtmlTable()
                .header("Encoder", "Recall@1", "Recall@10", "MRR")
                .row(row("As it is", report.before()))
                .row(row("LoRA", report.after()))
                .html();
    }

    private static String[] row(String name, Retrieval result) {
        return new String[] {
            name, share(result.recallAt1()), share(result.recallAt10()), share(result.meanReciprocalRank())
        };
    }

    private List<String> findings() {
        return List.of("With LoRA " + Words.count(report.better()) + " passages find the next one at a better rank, "
                + Words.count(report.worse()) + " at a worse one, and the others at the same.");
    }
}
