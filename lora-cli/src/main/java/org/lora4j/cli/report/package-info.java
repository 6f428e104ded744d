/** What a training leaves for readers: a page, numbers and a model card. */
@NullMarked
package org.lora4j.cli.report;

import org.jspecify.annotations.NullMarked;
