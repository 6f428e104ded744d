/** What all packages of texts share: small JSON files, and checks of texts. Not part of the API. */
@NullMarked
package org.lora4j.text.internal;

import org.jspecify.annotations.NullMarked;
