package org.lora4j.text.chat.internal;

/**
 * A text that the filter {@code safe} returned. What is added to it with {@code +} is escaped for HTML, as Jinja does. It can be
 * written and joined with {@code ~} too; other uses are refused.
 *
 * @param text the text
 */
record SafeText(String text) {
    static SafeText escaped(String text, Budget budget) {
        String once = PythonText.replace(text, "&", "&amp;", -1, budget);
        once = PythonText.replace(once, "<", "&lt;", -1, budget);
        once = PythonText.replace(once, ">", "&gt;", -1, budget);
        once = PythonText.replace(once, "'", "&#39;", -1, budget);
        return new SafeText(PythonText.replace(once, "\"", "&#34;", -1, budget));
    }
}
