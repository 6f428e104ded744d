package org.lora4j.example.support.report;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A table. The first column has the names of the rows; the others are aligned to the right. */
public final class HtmlTable {
    private final StringBuilder head = new StringBuilder();
    private final StringBuilder body = new StringBuilder();
    private boolean text;

    /** Creates a table without rows. */
    public HtmlTable() {}

    /**
     * Returns a table of names and values as text.
     *
     * @param nameTitle what a name is
     * @param valueTitle what a value is
     * @param values the values by name; a dash stands for null
     * @return HTML
     */
    public static String of(String nameTitle, String valueTitle, Map<String, ? extends @Nullable Object> values) {
        HtmlTable table = new HtmlTable().ofText().header(nameTitle, valueTitle);
        values.forEach((name, value) -> table.row(name, value == null ? "–" : String.valueOf(value)));
        return table.html();
    }

    /**
     * Aligns all columns to the left, for words instead of numbers.
     *
     * @return this
     */
    public HtmlTable ofText() {
        text = true;
        return this;
    }

    /**
     * Adds the names of the columns.
     *
     * @param cells the names, as text
     * @return this
     */
    public HtmlTable header(String... cells) {
        head.append(row("", "th", List.of(cells)));
        return this;
    }

    /**
     * Adds a row.
     *
     * @param cells the cells, as text
     * @return this
     */
    public HtmlTable row(String... cells) {
        return row("", Arrays.asList(cells));
    }

    /**
     * Adds a row with a style of its own.
     *
     * @param style the class of the row, or nothing
     * @param cells the cells, as text
     * @return this
     */
    public HtmlTable row(String style, List<String> cells) {
        body.append(row(style, "td", cells));
        return this;
    }

    private String row(String style, String tag, List<String> cells) {
        StringBuilder row = new StringBuilder(style.isEmpty() ? "<tr>" : "<tr class=\"" + style + "\">");
        for (int column = 0; column < cells.size(); column++) {
            String name = column == 0 ? "th" : tag;
            row.append('<').append(name);
            if (name.equals("th")) {
                row.append(tag.equals("th") ? " scope=\"col\"" : " scope=\"row\"");
            }
            row.append('>')
                    .append(Html.escape(cells.get(column)))
                    .append("</")
                    .append(name)
                    .append('>');
        }
        return row.append("</tr>\n").toString();
    }

    /**
     * Returns the table in a frame that scrolls on narrow screens.
     *
     * @return HTML
     */
    public String html() {
        return "<div class=\"scroll\"><table" + (text ? " class=\"text\"" : "") + "><thead>" + head
                + "</thead><tbody>\n" + body + "</tbody></table></div>";
    }

    /**
     * Returns a shape as {@code 1000 × 784}.
     *
     * @param shape the shape; a dash stands for null
     * @return text
     */
    public static String shape(@Nullable List<Long> shape) {
        return shape == null ? "–" : shape.stream().map(String::valueOf).collect(Collectors.joining(" × "));
    }
}
