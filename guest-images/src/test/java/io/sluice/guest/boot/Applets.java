package io.sluice.guest.boot;

import io.sluice.guest.initramfs.Initramfs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.XZOutputStream;

/// Small tasks for busybox's applets, the files they work on, and the script that does all of them and tells the
/// outcome. It runs alike in a guest and on the host.
final class Applets {
    /// Where a guest has it.
    static final String SCRIPT = "/applets/run";

    private static final long SEED = 20260101;

    /// Does each task in the same directory, one after the other, and prints a line with its status and its output's
    /// digest and length, then the start of the output, since outputs that differ are to be looked at.
    private static final String RUN = """
            #!/bin/busybox sh
            # Arguments: the directory of these files, and one to work in.
            here="${1:-/applets}" work="${2:-/tmp/applets}"
            mkdir -p "$work/in" && cd "$work/in" || exit 1
            cp "$here"/in/* .
            for task in "$here"/tasks/*; do
                env -i PATH="$PATH" HOME=/ TZ=UTC LC_ALL=C GLIBC_TUNABLES="$GLIBC_TUNABLES" sh "$task" \\
                    > ../out 2>&1 < /dev/null
                echo "task ${task##*/} $? $(sha256sum < ../out | cut -c 1-64) $(wc -c < ../out)"
                head -c 3000 ../out | base64
                echo "done"
            done
            """;

    /// A name, and a shell command that writes the same wherever it runs.
    private static final String TASKS = """
            sha1sum    | sha1sum text binary
            sha256sum  | sha256sum text binary numbers
            sha512sum  | sha512sum text binary
            sha3sum    | sha3sum text; head -c 5000 binary | sha3sum -a 512
            md5sum     | md5sum text binary > sums; md5sum -c sums; cat sums
            crc32      | crc32 text binary
            gzip       | gzip -9 < text > t.gz; gzip -1 < binary > b.gz; wc -c < t.gz; md5sum t.gz b.gz
            gunzip     | gzip < binary | gunzip | cmp - binary && gzip < text | zcat | md5sum
            bzip2      | head -c 20000 text | bzip2 -9 | md5sum; head -c 9000 binary | bzip2 -c | md5sum
            bunzip2    | head -c 20000 text | bzip2 | bunzip2 | md5sum
            unxz       | unxz < text.xz | md5sum
            xz         | xz -d -c binary.xz | cmp - binary && echo same
            lzma       | lzma -d < text.lzma | md5sum; lzcat text.lzma | tail -n 3
            lzop       | lzop < text > t.lzo; lzop -d < t.lzo | md5sum
            sort       | sort text | md5sum; sort -r -k 2,2 text | head -n 20; sort -n numbers | head -n 30
            sort_g     | sort -g reals; sort -g -r reals | md5sum
            sort_u     | tr ' ' '\\n' < text | sort -u | wc -l; sort -s -f -k 3 text | md5sum
            uniq       | tr ' ' '\\n' < text | sort | uniq -c | sort -rn | head -n 25; printf 'a\\na\\nb\\n' | uniq -d
            awk        | awk '{ n += NF; l += length($0); for (i = 1; i <= NF; i++) c[$i]++ } END { print n, l, c["the"] }' text
            awk_real   | awk '{ s += $1; q += $1 * $1 } END { printf "%.15g %.15g %.17g %e\\n", s, q, s / NR, q / 7 }' reals
            awk_root   | awk 'BEGIN { for (a = 1; a < 40; a += 1.7) { x = a; for (i = 0; i < 60; i++) x = (x + a / x) / 2; printf "%.15g %.15g\\n", a, x } }'
            awk_sine   | awk 'BEGIN { for (x = -3; x < 3; x += 0.13) { t = x; s = 0; for (n = 1; n < 40; n += 2) { s += t; t *= -x * x / ((n + 1) * (n + 2)) } printf "%g %.15g\\n", x, s } }'
            awk_exp    | awk 'BEGIN { for (x = -20; x < 20; x += 1.37) { t = 1; s = 0; for (n = 1; n < 120; n++) { s += t; t *= x / n } printf "%f %.15g %a\\n", x, s, s } }'
            awk_chaos  | awk 'BEGIN { x = 0.3; for (i = 0; i < 2000; i++) x = 3.97 * x * (1 - x); printf "%.17g\\n", x }'
            awk_set    | awk 'BEGIN { for (b = -1.2; b < 1.2; b += 0.2) { r = ""; for (a = -2; a < 0.6; a += 0.07) { x = y = n = 0; while (x * x + y * y < 4 && n < 40) { t = x * x - y * y + a; y = 2 * x * y + b; x = t; n++ } r = r sprintf("%c", 65 + n % 26) } print r } }'
            awk_edges  | awk 'BEGIN { print 1e308 * 10, -1e308 * 10, 1 / 3, -7 % 3, 7.5 % 2, int(-3.7), 1e15 + 0.3, 0.1 + 0.2 == 0.3, 5e-324 / 2, 123456789 * 987654321 }'
            awk_print  | awk 'BEGIN { printf "%5.1f|%-12.3e|%+g|%010.4f|%G|%i|%x|%o|%c|%s\\n", 3.14159, 31415.9, 2.5, -2.71828, 1e-10, 42.9, 255, 8, 65, "x" }'
            awk_random | awk 'BEGIN { srand(42); for (i = 0; i < 20; i++) printf "%.12f ", rand(); print "" }'
            awk_text   | awk -F '[ ,]' '{ gsub(/[aeiou]+/, "<&>"); print toupper(substr($0, 1, 40)) } NR > 30 { exit }' text
            bc         | echo 'scale = 50; 4 * a(1); e(1); l(2); s(1); c(1); sqrt(2); 2 ^ 300 / 3 ^ 100; j(0, 1)' | bc -l
            bc_loop    | echo 'define f(n) { if (n < 2) return 1; return n * f(n - 1) }; f(40); obase = 16; f(30); ibase = 2; 101101' | bc
            dc         | echo '16i FF p Ai 2 128 ^ p 20 k 2 v p 7 3 ~ f 10 o 255 p [la1+dsa*pla10>y]sy 0sa1lyx' | dc
            sed        | sed -n -e 's/\\([a-z]*\\) \\([a-z]*\\)/\\2 \\1/;10,30p' text; sed -e '/ea/d' -e 'y/abc/xyz/' text | md5sum
            sed_hold   | sed -n '1!G;h;$p' numbers | head -n 20; sed '$!N;s/\\n/ + /;P;D' numbers | head -n 5
            grep       | grep -c the text; grep -n -E '(a|e)[rst]{2}' text | head -n 15; grep -o -i 'w[a-z]*d' text | sort | uniq -c
            grep_v     | grep -v -e '[0-4]$' numbers | md5sum; egrep -x '[0-9]{5}' numbers | head -n 5; fgrep -w in text | wc -l
            tar        | tar -c -f - text numbers | tar -t -f -; tar -c -f a.tar binary numbers; rm -rf o; mkdir o; tar -x -f a.tar -C o; md5sum o/*
            cpio       | (echo text; echo binary) | cpio -o -H newc > a.cpio; cpio -t < a.cpio; rm -rf p; mkdir p; (cd p; cpio -i < ../a.cpio; md5sum text binary)
            ar         | dd if=binary of=member bs=100 count=3 2> /dev/null; printf '!<arch>\\n%-16s%-12s%-6s%-6s%-8s%-10s`\\n' member/ 0 0 0 644 300 > a.a; cat member >> a.a; ar -t a.a; ar -p a.a member | md5sum
            vi         | cp text edited; vi -c ':%s/the/THE/g' -c ':3,7d' -c ':5' -c ':1,2m9' -c ':wq' edited > screen; cat edited | md5sum; wc -c < screen
            vi_keys    | cp numbers edited; printf 'ddjyyp5x3Gdw:wq\\n' | vi -c ':set noai' edited > /dev/null; head -n 6 edited
            od         | od -A x -t x1z -N 200 binary; od -t d2 -N 64 binary; od -c -N 100 text; od -t f8 -N 64 halves
            hexdump    | hexdump -C -n 256 binary; hexdump -e '4/4 "%08x " "\\n"' -n 64 binary
            xxd        | xxd -l 128 binary; xxd -p -l 60 binary; xxd -p binary | xxd -r -p | cmp - binary && echo same
            diff       | diff text changed; diff -u text changed | sed 1,2d | md5sum; diff -q text text && echo equal
            patch      | diff -u text changed > d; cp text patched; patch patched < d; cmp patched changed && echo same
            cmp        | cmp text changed; cmp -l binary other | head -n 20; cmp text text; echo $?
            cut        | cut -d ' ' -f 2-4 text | head -n 20; cut -c 3-7,12 text | md5sum
            tr         | tr a-zA-Z n-za-mN-ZA-M < text | head -n 5; tr -d '[:space:]' < text | md5sum; tr -s 'e-t' < text | wc -c
            fold       | fold -w 33 text | md5sum; fold -s -w 20 text | head -n 12
            expand     | tr ' ' '\\t' < text | expand -t 5 | head -n 5; expand text | unexpand -a | md5sum
            nl         | nl text | tail -n 5; nl -b a -s ': ' -w 3 numbers | head -n 5
            wc         | wc text binary numbers; wc -L text
            head       | head -n 3 text numbers; head -c 77 text
            tail       | tail -n 3 text; tail -c 55 text; tail -n +390 text
            tac        | tac numbers | head -n 10; tac text | md5sum
            rev        | rev text | head -n 10; rev numbers | md5sum
            seq        | seq 1 17 300; seq -w 8 11; seq 0 0.1 1.5; seq -s , 10 -3 -10
            factor     | factor 1 2 97 1024 999983 600851475143 4294967291 1099511627776
            expr       | expr 7 '*' 6 - 3; expr 100 / 7; expr 17 % 5; expr abcdef : 'ab\\(.*\\)f'; expr length hello; expr 3 '<' 10
            base64     | base64 < binary | md5sum; base64 -w 30 text | head -n 5; base64 numbers | base64 -d | cmp - numbers && echo same
            uuencode   | uuencode binary < binary | head -n 10; uuencode -m x < text | uudecode -o - | md5sum
            strings    | strings -n 4 binary | head -n 20; strings -o busy | md5sum
            find       | mkdir -p t/a/b t/c; touch t/a/x t/a/b/y.txt t/c/z.txt; find t | sort; find t -name '*.txt' -type f | sort; find t -type d | wc -l
            xargs      | tr ' ' '\\n' < text | head -n 30 | xargs -n 7 echo; seq 20 | xargs -n 3 | md5sum; echo a b | xargs -I {} echo '<{}>'
            printf     | printf '%s %d %05d %x %X %o %c %e %.3f %g %%\\n' str 42 -42 255 255 8 char 12345.678 2.71828 1e-5; printf '%b\\n' 'a\\tb\\0101'
            date       | date -u -d @0; date -u -d @1234567890 '+%F %T %j %U %a %b'; date -u -d '2026-02-28 12:34:56' +%s; date -u -d @4102444800 -R
            cal        | cal 2 2024; cal 9 1752; cal 2026
            dd         | dd if=binary bs=777 skip=3 count=5 2> /dev/null | md5sum; dd if=text conv=sync bs=1000 count=2 2> /dev/null | md5sum
            paste      | paste numbers reals | head -n 10; seq 9 | paste -d ,- - - -
            dos2unix   | unix2dos < text | md5sum; unix2dos < text | dos2unix | cmp - text && echo same
            ipcalc     | ipcalc -n -b -m -p 192.168.17.33/20; ipcalc -s -n 10.1.2.3 255.255.0.0
            mkpasswd   | mkpasswd -m sha512 -S saltsalt password; mkpasswd -m md5 -S saltsalt password; mkpasswd -m des -S ab password
            names      | basename /a/b.c .c; dirname /a/b/c; realpath ./../in/text | sed 's,.*/,,'; readlink -f .//text | sed 's,.*/,,'
            stat       | stat -c '%s %F %h' text; truncate -s 12345 cut; stat -c %s cut; md5sum cut
            test       | [ 3 -lt 5 ] && [ abc = abc ] && [ -s text ] && [ ! -d text ] && echo yes; test -z x; echo $?
            getopt     | getopt -o ab:c -l long:,flag -- -a -b x --long=y -c rest words
            tee        | echo hello | tee one two; cat one two; yes abc | head -n 4; env -i A=1 B=2 env | sort; uname -s -m
            sh         | i=0; s=0; while [ $i -lt 2000 ]; do i=$((i + 1)); s=$(((s * 31 + i) % 1000003)); done; echo $s; case abc in a*) echo a;; esac; x=abcabc; echo ${x#*b} ${x%b*} ${#x}
            """;

    private Applets() {}

    /// The tasks by name.
    static SequencedMap<String, String> tasks() {
        var tasks = new LinkedHashMap<String, String>();
        TASKS.lines().forEach(line -> {
            int bar = line.indexOf('|');
            tasks.put(line.substring(0, bar).strip(), line.substring(bar + 1).strip());
        });
        return tasks;
    }

    /// All files, by path below the directory of the script.
    private static Map<String, byte[]> files(byte[] busybox) {
        var files = new TreeMap<String, byte[]>();
        files.put("run", RUN.getBytes(StandardCharsets.UTF_8));
        tasks().forEach((name, command) ->
                files.put("tasks/" + name, (command + "\n").getBytes(StandardCharsets.UTF_8)));
        inputs(busybox).forEach((name, content) -> files.put("in/" + name, content));
        return files;
    }

    static void add(Initramfs.Builder guest, byte[] busybox) {
        files(busybox).forEach((path, content) -> guest.file("/applets/" + path, 0755, content));
    }

    static void write(Path directory, byte[] busybox) throws IOException {
        for (var file : files(busybox).entrySet()) {
            var path = directory.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
        }
    }

    private static Map<String, byte[]> inputs(byte[] busybox) {
        var random = new SplittableRandom(SEED);
        var inputs = new TreeMap<String, byte[]>();
        var text = text(random, 400);
        var binary = binary(random, 24_000);
        var other = binary.clone();
        other[77] ^= 0x55;
        other[20_000] ^= 1;
        inputs.put("text", bytes(text));
        inputs.put(
                "changed",
                bytes(text.replaceFirst("(?m)^.*the.*$", "here it differs").replace("water", "wine")));
        inputs.put("binary", binary);
        inputs.put("other", other);
        inputs.put("halves", binary(random, 64));
        inputs.put("busy", Arrays.copyOf(busybox, 30_000));
        inputs.put("numbers", bytes(lines(500, () -> String.valueOf(random.nextInt(1_000_000)))));
        inputs.put("reals", bytes(lines(300, () -> real(random))));
        inputs.put("text.xz", packed(bytes(text), stream -> new XZOutputStream(stream, new LZMA2Options(6))));
        inputs.put("binary.xz", packed(binary, stream -> new XZOutputStream(stream, new LZMA2Options(1))));
        inputs.put("text.lzma", packed(bytes(text), stream -> new LZMAOutputStream(stream, new LZMA2Options(6), -1)));
        return inputs;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String lines(int count, Supplier<String> line) {
        return Stream.generate(line).limit(count).collect(Collectors.joining("\n", "", "\n"));
    }

    private static String real(SplittableRandom random) {
        return String.format("%.12e", (random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(-12, 13)));
    }

    private static String text(SplittableRandom random, int lines) {
        var words =
                ("the of water and in world to a first word is heart that earth was ready for letter on weather are with"
                                + " read as late his early they easter be great at sea one area have tear this year from idea")
                        .split(" ");
        return lines(lines, () -> {
            var line = new StringBuilder(words[random.nextInt(words.length)]);
            for (int i = random.nextInt(4, 16); i > 0; i--) {
                line.append(' ').append(words[random.nextInt(random.nextInt(1, words.length + 1))]);
            }
            return line.toString();
        });
    }

    /// Random bytes with repetitions, so that there is something to pack.
    private static byte[] binary(SplittableRandom random, int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        for (int at = 1000; at + 300 < length; at += random.nextInt(400, 900)) {
            System.arraycopy(bytes, at - random.nextInt(300, 1000), bytes, at, random.nextInt(20, 300));
        }
        return bytes;
    }

    private interface Packer {
        OutputStream over(OutputStream stream) throws IOException;
    }

    private static byte[] packed(byte[] content, Packer packer) {
        var target = new ByteArrayOutputStream();
        try (var stream = packer.over(target)) {
            stream.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return target.toByteArray();
    }
}
