/** What a model and an adapter do with texts: they embed, classify or rank them. */
@NullMarked
package org.lora4j.text.task;

import org.jspecify.annotations.NullMarked;
