package org.lora4j.console.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;

class RunFolderTest {
    @TempDir
    private Path temp;

    @Test
    void preparesAFolderAndLeavesItEmpty() throws IOException {
        RunFolder folder = RunFolder.prepare(temp.resolve("a/b"), "the results", 200_000);
        assertThat(folder.path()).isEqualTo(temp.resolve("a/b"));
        folder.close();
        assertThat(folder.path()).isEmptyDirectory();
        assertThat(folder.kept()).isEqualTo("nothing of this run is kept");
    }

    @Test
    void refusesAFolderThatCannotTakeTheResults() throws IOException {
        Path file = Files.writeString(temp.resolve("a-file"), "kept");
        assertThatIOException()
                .isThrownBy(() -> RunFolder.prepare(file, "the results", 2_000))
                .withMessage("the output folder must be writable and have room for the results, 2,000 bytes; found "
                        + file + ": " + file + ": file already exists");
        assertThat(file).hasContent("kept");
    }

    @Test
    void refusesAFolderThatAnotherRunHasUntilThatEnds() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), Files.createDirectory(temp.resolve("folder")));
        RunFolder first = RunFolder.prepare(temp.resolve("folder"), "the results", 1);
        assertThatIOException()
                .isThrownBy(() -> RunFolder.prepare(link, "the results", 1))
                .withMessage("the output folder must be that of one run at a time, found another run that writes into "
                        + link + "; wait for its end, or choose another folder");
        first.close();
        RunFolder.prepare(link, "the results", 1).close();
    }

    @Test
    void saysWhatIsKeptAndWhatToDoWithIt() throws IOException {
        RunFolder folder = RunFolder.prepare(temp, "the results", 1);
        folder.add("base", "base.safetensors");
        folder.add("page", "report.html");
        assertThat(folder.kept()).isEqualTo("kept in " + temp + ": base.safetensors, report.html");
        folder.advise("run it again");
        assertThat(folder.kept()).isEqualTo("kept in " + temp + ": base.safetensors, report.html; run it again");
        folder.files().clear();
        assertThat(folder.files()).containsKeys("base", "page");
    }

    @Test
    void anErrorOfAWriterSaysWhatIsKept() throws IOException {
        RunFolder folder = RunFolder.prepare(temp, "the results", 1);
        folder.add("base", "base.safetensors");
        assertThatIOException()
                .isThrownBy(() -> folder.write("the page", () -> {
                    throw new NoSuchFileException("report.html");
                }))
                .withMessage("the page could not be written: report.html: there is no such file; kept in " + temp
                        + ": base.safetensors");
        assertThat(folder.<String>write("the page", () -> "written")).isEqualTo("written");
    }

    @Test
    void savesAnAdapterAndListsItsFiles() throws IOException {
        LoRAModel model = LoRAModel.of(Network.builder(3).linear("linear", 2).build(1));
        RunFolder folder = RunFolder.prepare(temp, "the results", 1);
        Path tensors = folder.saveAdapter("adapter", "nine", model.add("nine", LoRAConfig.of(1, 1)));
        assertThat(tensors)
                .isEqualTo(temp.resolve("adapters/nine/adapter_model.safetensors"))
                .isNotEmptyFile();
        assertThat(folder.files())
                .containsEntry("adapter", "adapters/nine/adapter_model.safetensors")
                .containsEntry("adapterConfig", "adapters/nine/adapter_config.json");
        assertThat(temp.resolve("adapters/nine/adapter_config.json")).isNotEmptyFile();
    }
}
