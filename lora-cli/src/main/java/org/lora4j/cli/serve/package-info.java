/** A model with its adapters over HTTP, in the form of OpenAI's API. */
@NullMarked
package org.lora4j.cli.serve;

import org.jspecify.annotations.NullMarked;
