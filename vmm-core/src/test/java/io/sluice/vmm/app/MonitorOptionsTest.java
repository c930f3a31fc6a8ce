package io.sluice.vmm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MonitorOptionsTest {
    private static String endpoints(String arguments) {
        var options = Options.parse(List.of(arguments.strip().split(" +")));
        return String.join(
                "; ",
                new MonitorOptions(options)
                        .endpoints().stream()
                                .map(e -> Stream.of(
                                                e.id(),
                                                e.address().toString(),
                                                e.server() ? "server" : "client",
                                                e.waits() ? "waits" : "",
                                                e.reconnectSeconds() > 0 ? "again " + e.reconnectSeconds() : "",
                                                e.pretty() ? "pretty" : "")
                                        .filter(word -> !word.isEmpty())
                                        .toList()
                                        .toString()
                                        .replace(",", ""))
                                .toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    -qmp unix:/tmp/q,server=on,wait=off       | [compat_monitor0 unix:/tmp/q server]
                    -qmp unix:/tmp/q,server,nowait            | [compat_monitor0 unix:/tmp/q server]
                    -qmp unix:/tmp/q,server=on                | [compat_monitor0 unix:/tmp/q server waits]
                    -qmp unix:/tmp/q                          | [compat_monitor0 unix:/tmp/q client]
                    -qmp unix:/tmp/q,reconnect=3              | [compat_monitor0 unix:/tmp/q client again 3]
                    -qmp tcp:127.0.0.1:4444,server=on,wait=off | [compat_monitor0 tcp:127.0.0.1:4444 server]
                    -qmp tcp:localhost:0,server,nowait        | [compat_monitor0 tcp:localhost:0 server]
                    -qmp tcp:[::1]:4444,wait=off,server=on    | [compat_monitor0 tcp:[::1]:4444 server]
                    -qmp tcp::4444,server=on,wait=off         | [compat_monitor0 tcp:0.0.0.0:4444 server]
                    -qmp tcp:h:1                              | [compat_monitor0 tcp:h:1 client]
                    -qmp tcp:h:1,reconnect=2                  | [compat_monitor0 tcp:h:1 client again 2]
                    -qmp-pretty stdio                         | [compat_monitor0 stdio client pretty]
                    -qmp stdio -qmp unix:/a,server,nowait     | [compat_monitor0 stdio client]; [compat_monitor1 unix:/a server]
                    -chardev socket,id=c,fd=24,server=on,wait=off -mon chardev=c,mode=control  | [c fd:24 server]
                    -chardev socket,id=c,path=/a,server=on,wait=off -mon c,mode=control,pretty=on | [c unix:/a server pretty]
                    -chardev socket,id=c,host=::1,port=5 -mon chardev=c,mode=control           | [c tcp:[::1]:5 client]
                    -chardev stdio,id=c -qmp chardev:c        | [c stdio client]
                    -chardev {"id":"c","backend":"socket","path":"/a","server":true,"wait":false} -mon c,mode=control | [c unix:/a server]
                    -chardev {"id":"c","backend":{"type":"socket","data":{"addr":{"type":"fd","data":{"str":"24"}},"server":true,"wait":false}}} -mon c,mode=control | [c fd:24 server]
                    -chardev {"id":"c","backend":{"type":"socket","data":{"addr":{"type":"inet","data":{"host":"h","port":"7"}}}}} -mon c,mode=control | [c tcp:h:7 server]
                    """)
    void controlSocketsAreSaidAsToQemu(String arguments, String endpoints) {
        assertThat(endpoints(arguments)).isEqualTo(endpoints);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    -qmp nope                        | -qmp nope: no such character device; use unix:PATH, tcp:HOST:PORT, stdio or chardev:ID
                    -qmp unix:,server                | -qmp unix:,server: socket: no path given
                    -qmp unix:/a,srver=on            | -qmp unix:/a,srver=on: Invalid parameter 'srver'
                    -qmp unix:/a,server=maybe        | -qmp unix:/a,server=maybe: Parameter 'server' expects 'on' or 'off'
                    -qmp unix:/a,wait=on             | -qmp unix:/a,wait=on: 'wait' option is incompatible with socket in client connect mode
                    -qmp unix:/a,server,reconnect=1  | -qmp unix:/a,server,reconnect=1: 'reconnect' option is incompatible with socket in server listen mode
                    -qmp tcp:host                    | -qmp tcp:host: use tcp:HOST:PORT
                    -qmp tcp:host:99999              | -qmp tcp:host:99999: use tcp:HOST:PORT
                    -chardev socket,id=c,host=h,port=99999 | -chardev socket,id=c,host=h,port=99999: Parameter 'port' expects a number from 0 to 65535
                    -qmp chardev:c                   | -qmp chardev:c: chardev "c" not found
                    -chardev socket,path=/a          | -chardev socket,path=/a: Parameter 'id' is missing
                    -chardev pty,id=c                | -chardev pty,id=c: 'pty' is not a valid char driver name; use socket or stdio
                    -chardev socket,id=c,host=h      | -chardev socket,id=c,host=h: socket: no port given
                    -chardev socket,id=c,path=/a,fd=3 | -chardev socket,id=c,path=/a,fd=3: socket needs exactly one of 'path', 'host' and 'fd'
                    -chardev socket,id=c,fd=x        | -chardev socket,id=c,fd=x: Parameter 'fd' expects a number from 0 to 2147483647
                    -chardev socket,id=c,path=/a     | -chardev id=c: nothing uses it; -mon chardev=c,mode=control makes it a control socket
                    -chardev stdio,id=c -chardev stdio,id=c | -chardev stdio,id=c: Duplicate ID 'c' for chardev
                    -chardev {"id":                  | -chardev {"id":: JSON parse error, expecting value
                    -chardev {"id":["c"]}            | -chardev {"id":["c"]}: Invalid parameter type for 'id', expected: string
                    -mon c,mode=control              | -mon c,mode=control: chardev "c" not found
                    -mon mode=control                | -mon mode=control: Parameter 'chardev' is missing
                    -chardev stdio,id=c -mon c       | -mon c: there is no human monitor; say mode=control
                    -chardev stdio,id=c -mon c,mode=control -mon c,mode=control | -mon c,mode=control: chardev "c" is already in use
                    -qmp stdio -qmp stdio            | cannot use stdio by multiple character devices
                    """)
    void whatIsWrongIsSaidInOneLine(String arguments, String message) {
        assertThatThrownBy(() -> endpoints(arguments))
                .isInstanceOf(UsageException.class)
                .hasMessage(message);
    }
}
