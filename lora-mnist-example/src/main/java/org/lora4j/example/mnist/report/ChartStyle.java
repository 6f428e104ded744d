package org.lora4j.example.mnist.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.Locale;
import org.knowm.xchart.style.AxesChartStyler;

/** The common look of the charts that XChart draws. */
final class ChartStyle {

    private ChartStyle() {}

    static void apply(AxesChartStyler styler) {
        styler.setLocale(Locale.ROOT);
        styler.setChartTitleFont(Palette.TITLE)
                .setLegendFont(Palette.TEXT)
                .setChartFontColor(Palette.INK)
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setChartTitleBoxVisible(false)
                .setChartTitlePadding(12)
                .setChartPadding(14)
                .setLegendBorderColor(Color.WHITE)
                .setLegendPadding(14)
                .setAntiAlias(true);
        styler.setAxisTitleFont(Palette.TEXT)
                .setAxisTickLabelsFont(Palette.TEXT)
                .setAxisTickLabelsColor(Palette.QUIET_INK)
                .setXAxisTitleColor(Palette.QUIET_INK)
                .setYAxisTitleColor(Palette.QUIET_INK);
        styler.setAxisTickMarksColor(Palette.LINE)
                .setAxisTicksLineVisible(false)
                .setAxisTicksMarksVisible(false)
                .setAxisTitlePadding(10)
                .setPlotMargin(4)
                .setPlotGridLinesColor(Palette.LINE)
                .setPlotGridLinesStroke(new BasicStroke(1));
    }
}
