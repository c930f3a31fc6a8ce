// A whole session with a control socket, by two clients that others wrote: DigitalOcean's go-qemu, which asks and
// hears events, and Kata's govmm, which plugs. Both are connected at the same time. Writes a line for each thing seen;
// ends with status 1 and a line on standard error at the first that is not as it should be. Waits twice for a line on
// standard input: until the guest is up, and until the device in it has been tried.
//
//	session SOCKET ROOT-PORT MDEV-TYPE UUID
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/digitalocean/go-qemu/qmp"
	"github.com/digitalocean/go-qemu/qmp/raw"
	"github.com/kata-containers/govmm/qemu"
)

const patience = 40 * time.Second

var input = bufio.NewReader(os.Stdin)

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func say(format string, values ...interface{}) {
	fmt.Printf(format+"\n", values...)
}

func waitFor(what string) {
	line, err := input.ReadString('\n')
	check("waiting until "+what, err)
	if strings.TrimSpace(line) != what {
		check("waiting until "+what, fmt.Errorf("read %q", line))
	}
}

// The next event, and its data with the members in the order of their names.
func event(events <-chan qmp.Event) {
	select {
	case e, open := <-events:
		if !open {
			check("event", fmt.Errorf("the connection has ended"))
		}
		if age := time.Since(time.Unix(e.Timestamp.Seconds, e.Timestamp.Microseconds*1000)); age < -time.Minute || age > time.Minute {
			check("event", fmt.Errorf("%s is %v old", e.Event, age))
		}
		data, err := json.Marshal(e.Data)
		check("event", err)
		say("event %s %s", e.Event, data)
	case <-time.After(patience):
		check("event", fmt.Errorf("none has come"))
	}
}

// Every command that asks, and how many there were.
func askEverything(monitor *qmp.SocketMonitor, client *raw.Monitor) {
	commands, err := client.QueryCommands()
	check("query-commands", err)
	names := []string{}
	for _, command := range commands {
		if strings.Contains(command.Name, "query-") {
			names = append(names, command.Name)
		}
	}
	sort.Strings(names)
	arguments := map[string]interface{}{
		"query-cpu-model-expansion": map[string]interface{}{"type": "full", "model": map[string]string{"name": "max"}},
	}
	for _, name := range names {
		line, err := json.Marshal(qmp.Command{Execute: name, Args: arguments[name]})
		check(name, err)
		answer, err := monitor.Run(line)
		check(name, err)
		var message map[string]json.RawMessage
		check(name, json.Unmarshal(answer, &message))
		if message["return"] == nil {
			check(name, fmt.Errorf("answered %s", answer))
		}
	}
	say("asked %d", len(names))
}

// Answers in the types that the client has for them; its schema is of an older QEMU.
func askWithTypes(client *raw.Monitor) {
	version, err := client.QueryVersion()
	check("query-version", err)
	say("version %d.%d", version.Qemu.Major, version.Qemu.Minor)
	target, err := client.QueryTarget()
	check("query-target", err)
	say("target %s", target.Arch)
	kvm, err := client.QueryKVM()
	check("query-kvm", err)
	say("kvm %v %v", kvm.Enabled, kvm.Present)
	name, err := client.QueryName()
	check("query-name", err)
	say("name %s", *name.Name)
	uuid, err := client.QueryUUID()
	check("query-uuid", err)
	say("uuid %d", len(uuid.UUID))
	memory, err := client.QueryMemorySizeSummary()
	check("query-memory-size-summary", err)
	say("memory %d", memory.BaseMemory)
	_, err = client.QueryMachines()
	check("query-machines", err)
	_, err = client.QueryCPUDefinitions()
	check("query-cpu-definitions", err)
	_, err = client.QueryChardev()
	check("query-chardev", err)
	_, err = client.QueryCommandLineOptions(nil)
	check("query-command-line-options", err)
	buses, err := client.QueryPCI()
	check("query-pci", err)
	say("bus %d has %d", buses[0].Bus, len(buses[0].Devices))
	properties, err := client.DeviceListProperties("vfio-pci")
	check("device-list-properties", err)
	for _, property := range properties {
		if property.Name == "sysfsdev" {
			say("vfio-pci has sysfsdev: %s", property.Type)
		}
	}
	_, err = client.DeviceListProperties("flux-capacitor")
	say("flux-capacitor: %v", err)
	types, err := client.QomListTypes(nil, nil)
	check("qom-list-types", err)
	say("many types %v", len(types) > 10)
	items, err := client.QomList("/machine")
	check("qom-list", err)
	say("a tree %v", len(items) > 3)
	answer, err := client.HumanMonitorCommand("info status", nil)
	check("human-monitor-command", err)
	say("%s", strings.TrimSpace(answer))
}

func status(client *raw.Monitor) {
	now, err := client.QueryStatus()
	check("query-status", err)
	say("status %v, running %v", now.Status, now.Running)
}

func run(monitor *qmp.SocketMonitor, name string, arguments interface{}) {
	line, err := json.Marshal(qmp.Command{Execute: name, Args: arguments})
	check(name, err)
	_, err = monitor.Run(line)
	check(name, err)
}

func connectPlugger(ctx context.Context, socket string) (*qemu.QMP, chan struct{}) {
	gone := make(chan struct{})
	plugger, version, err := qemu.QMPStart(ctx, socket, qemu.QMPConfig{}, gone)
	check("second client", err)
	say("second client greeted by %d.%d %v", version.Major, version.Minor, version.Capabilities)
	check("second client", plugger.ExecuteQMPCapabilities(ctx))
	return plugger, gone
}

func askPlugger(ctx context.Context, plugger *qemu.QMP) {
	cpus, err := plugger.ExecQueryCpusFast(ctx)
	check("query-cpus-fast", err)
	say("cpus %d %s", len(cpus), cpus[0].Target)
	_, err = plugger.ExecuteQueryHotpluggableCPUs(ctx)
	check("query-hotpluggable-cpus", err)
	_, err = plugger.ExecQueryMemoryDevices(ctx)
	check("query-memory-devices", err)
	_, err = plugger.ExecuteQueryMigration(ctx)
	check("query-migrate", err)
	schema, err := plugger.ExecQueryQmpSchema(ctx)
	check("query-qmp-schema", err)
	events := 0
	for _, entry := range schema {
		if entry.MetaType == "event" {
			events++
		}
	}
	say("many events %v", events > 8)
	kind, err := plugger.ExecQomGet(ctx, "/machine", "type")
	check("qom-get", err)
	say("machine is a %v", kind)
}

func main() {
	socket, port, kind, card := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	monitor, err := qmp.NewSocketMonitor("unix", socket, patience)
	check("connect", err)
	check("negotiate", monitor.Connect())
	say("greeted by %v %v", monitor.Version, monitor.Capabilities)
	events, err := monitor.Events(context.Background())
	check("events", err)
	heard := make(chan qmp.Event, 100)
	go func() {
		for e := range events {
			heard <- e
		}
		close(heard)
	}()
	client := raw.NewMonitor(monitor)

	status(client)
	askEverything(monitor, client)
	askWithTypes(client)
	check("cont", client.Cont())
	event(heard)
	status(client)
	waitFor("guest is up")
	check("stop", client.Stop())
	event(heard)
	status(client)
	check("cont", client.Cont())
	event(heard)

	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	plugger, gone := connectPlugger(ctx, socket)
	askPlugger(ctx, plugger)
	run(monitor, "object-add", map[string]string{"qom-type": "mdev", "id": "m0", "type": kind, "uuid": card})
	event(heard)
	place := "/sys/bus/mdev/devices/" + card
	check("device_add", plugger.ExecutePCIVFIOMediatedDeviceAdd(ctx, "n0", place, "", port, ""))
	say("again: %v", plugger.ExecutePCIVFIOMediatedDeviceAdd(ctx, "n0", place, "", port, ""))
	say("plugged")
	waitFor("device works")
	check("device_del", plugger.ExecuteDeviceDel(ctx, "n0"))
	event(heard)
	say("no more: %v", client.DeviceDel("n0"))
	check("object-del", client.ObjectDel("m0"))
	event(heard)

	check("quit", client.Quit())
	event(heard)
	select {
	case <-gone:
		say("the end")
	case <-time.After(patience):
		check("quit", fmt.Errorf("the connection is still there"))
	}
}
