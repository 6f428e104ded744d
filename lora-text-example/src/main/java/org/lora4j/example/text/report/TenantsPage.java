package org.lora4j.example.text.report;

import java.util.HashMap;
import java.util.Map;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Words;
import org.lora4j.example.text.report.TenantsReport.Service;

/** The page of a run of {@code tenants}, for readers who do not know the code, in one file. */
final class TenantsPage {
    private final TenantsReport report;

    TenantsPage(TenantsReport report) {
        this.report = report;
    }

    String html() {
        Map<String, String> values = new HashMap<>();
        values.put("texts", Html.escape(report.title()));
        values.put("tenants", Words.count(report.accuracies().size()));
        values.put("tiles", tiles());
        values.put("accuracies", accuracies());
        values.put("services", services());
        values.put("verdict", PageParts.verdict(report.base()));
        values.put("settings", HtmlTable.of("Setting", "Value", report.settings()));
        values.put("files", HtmlTable.of("What", "File", report.files()));
        return Html.page(
                "LoRA for several tenants: " + report.title(),
                PageParts.EXAMPLE,
                Html.fillTemplate(TenantsPage.class, "tenants.html", values));
    }

    private String tiles() {
        Service first = report.services().get(0);
        Service last = report.services().get(report.services().size() - 1);
        return Html.tile(
                        perSecond(first) + " → " + perSecond(last),
                        "requests per second, " + first.name() + " → " + last.name())
                + Html.tile(Words.count(report.accuracies().size()), "adapters over one encoder, in use at once")
                + Html.tile(
                        report.base().holds() ? "unchanged" : "CHANGED", "the base after the training, bit for bit");
    }

    private static String perSecond(Service service) {
        return Words.fixed(service.perSecond(), 1);
    }

    private String accuracies() {
        HtmlTable table = new HtmlTable().header("Adapter", "Asks whether a text is of", "Accuracy");
        report.accuracies()
                .forEach((name, accuracy) ->
                        table.row(name, report.questions().getOrDefault(name, "–"), Words.percent(accuracy)));
        return table.html();
    }

    private String services() {
        HtmlTable table =
                new HtmlTable().header("Way", "Requests", "Time", "Requests per second", "Greatest difference");
        for (Service service : report.services()) {
            table.row(
                    service.name(),
                    Words.count(service.requests()),
                    Words.duration(service.seconds()),
                    perSecond(service),
                    Words.loss(service.greatestDifference()));
        }
        return table.html();
    }
}
