// A Kubernetes control plane for tests: etcd + kube-apiserver + kube-controller-manager + kube-scheduler in ONE process.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	logsapi "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserverapp "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcmapp "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	schedapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	schedopts "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "FATAL:", err)
		os.Exit(1)
	}
}

type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func writePEM(path, typ string, b []byte, mode os.FileMode) {
	must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: b}), mode))
}

func exists(p string) bool { _, err := os.Stat(p); return err == nil }

func loadPair(base string) *pair {
	c, err := os.ReadFile(base + ".crt")
	must(err)
	k, err := os.ReadFile(base + ".key")
	must(err)
	cb, _ := pem.Decode(c)
	kb, _ := pem.Decode(k)
	cert, err := x509.ParseCertificate(cb.Bytes)
	must(err)
	key, err := x509.ParseECPrivateKey(kb.Bytes)
	must(err)
	return &pair{cert, key}
}

// mint writes base.crt/base.key signed by ca (self-signed CA when ca is nil) unless they exist.
func mint(base string, ca *pair, cn string, orgs []string, sans []string) *pair {
	if exists(base + ".crt") {
		return loadPair(base)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: cn, Organization: orgs},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	parent, signer := t, key
	if ca == nil {
		t.IsCA, t.BasicConstraintsValid = true, true
		t.KeyUsage |= x509.KeyUsageCertSign
	} else {
		parent, signer = ca.cert, ca.key
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		for _, s := range sans {
			t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			if ip := net.ParseIP(s); ip != nil {
				t.IPAddresses = append(t.IPAddresses, ip)
			} else {
				t.DNSNames = append(t.DNSNames, s)
			}
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	must(err)
	kb, err := x509.MarshalECPrivateKey(key)
	must(err)
	writePEM(base+".crt", "CERTIFICATE", der, 0o644)
	writePEM(base+".key", "EC PRIVATE KEY", kb, 0o600)
	cert, err := x509.ParseCertificate(der)
	must(err)
	return &pair{cert, key}
}

func kubeconfig(path, name, server, pki, user string) {
	rd := func(f string) string {
		b, err := os.ReadFile(f)
		must(err)
		return base64.StdEncoding.EncodeToString(b)
	}
	must(os.WriteFile(path, []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: %[1]s
clusters:
- name: %[1]s
  cluster: {server: %[2]q, certificate-authority-data: %[3]s}
users:
- name: %[1]s-%[6]s
  user: {client-certificate-data: %[4]s, client-key-data: %[5]s}
contexts:
- name: %[1]s
  context: {cluster: %[1]s, user: %[1]s-%[6]s}
`, name, server, rd(filepath.Join(pki, "ca.crt")), rd(filepath.Join(pki, user+".crt")), rd(filepath.Join(pki, user+".key")), user)), 0o600))
}

func main() {
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	// multi-call: run a single component with its own flags
	if len(os.Args) > 1 {
		var cmd *cobra.Command
		switch os.Args[1] {
		case "kube-apiserver":
			cmd = apiserverapp.NewAPIServerCommand()
		case "kube-controller-manager":
			cmd = kcmapp.NewControllerManagerCommand()
		case "kube-scheduler":
			cmd = schedapp.NewSchedulerCommand()
		}
		if cmd != nil {
			cmd.SetArgs(os.Args[2:])
			must(cmd.Execute())
			return
		}
	}
	name := flag.String("name", "cluster", "cluster name")
	dir := flag.String("dir", "", "data dir")
	host := flag.String("host", "127.0.0.1", "bind address")
	port := flag.Int("port", 6443, "apiserver port")
	etcdPort := flag.Int("etcd-port", 2379, "etcd's client port, loopback only")
	etcdPeerPort := flag.Int("etcd-peer-port", 2380, "etcd's peer port, loopback only")
	sched := flag.Bool("scheduler", true, "run kube-scheduler")
	kcm := flag.Bool("controller-manager", true, "run kube-controller-manager")
	controllers := flag.String("controllers", "*,-persistentvolume-attach-detach-controller,-persistentvolume-binder-controller,-persistentvolume-expander-controller,-persistentvolume-protection-controller,-persistentvolumeclaim-protection-controller,-horizontal-pod-autoscaler-controller,-cronjob-controller,-statefulset-controller,-ttl-controller,-node-ipam-controller,-service-lb-controller,-node-route-controller,-ephemeral-volume-controller", "--controllers of kube-controller-manager")
	extraAPI := flag.String("apiserver-args", "", "extra space-separated kube-apiserver flags")
	gates := flag.String("feature-gates", "", "feature gates")
	flag.Parse()
	t0 := time.Now()
	// kube-apiserver handles the same signals, but waits up to a minute for the watches of its neighbours in this process
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT)
	if *dir == "" {
		*dir = filepath.Join(os.TempDir(), *name)
	}
	pki := filepath.Join(*dir, "pki")
	must(os.MkdirAll(pki, 0o700))
	p := func(s string) string { return filepath.Join(pki, s) }

	ca := mint(p("ca"), nil, *name+"-ca", nil, nil)
	fp := mint(p("front-proxy-ca"), nil, "front-proxy-ca", nil, nil)
	mint(p("front-proxy-client"), fp, "front-proxy-client", nil, nil)
	mint(p("apiserver"), ca, "kube-apiserver", nil, []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "127.0.0.1", "10.96.0.1", *host})
	mint(p("admin"), ca, "kubernetes-admin", []string{"system:masters"}, nil)
	mint(p("kcm"), ca, "system:kube-controller-manager", nil, nil)
	mint(p("sched"), ca, "system:kube-scheduler", nil, nil)
	if !exists(p("sa.key")) {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		must(err)
		writePEM(p("sa.key"), "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k), 0o600)
		pb, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
		must(err)
		writePEM(p("sa.pub"), "PUBLIC KEY", pb, 0o644)
	}
	server := fmt.Sprintf("https://%s:%d", *host, *port)
	kubeconfig(filepath.Join(*dir, "kubeconfig"), *name, server, pki, "admin")
	kubeconfig(filepath.Join(*dir, "kcm.kubeconfig"), *name, server, pki, "kcm")
	kubeconfig(filepath.Join(*dir, "sched.kubeconfig"), *name, server, pki, "sched")

	// ---- etcd
	ec := embed.NewConfig()
	ec.Dir = filepath.Join(*dir, "etcd")
	cu, _ := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", *etcdPort))
	pu, _ := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", *etcdPeerPort))
	ec.ListenClientUrls, ec.AdvertiseClientUrls = []url.URL{*cu}, []url.URL{*cu}
	ec.ListenPeerUrls, ec.AdvertisePeerUrls = []url.URL{*pu}, []url.URL{*pu}
	ec.InitialCluster = ec.InitialClusterFromName(ec.Name)
	ec.UnsafeNoFsync = true
	ec.LogLevel = "warn"
	ec.LogOutputs = []string{filepath.Join(*dir, "etcd.log")}
	e, err := embed.StartEtcd(ec)
	must(err)
	<-e.Server.ReadyNotify()
	fmt.Printf("etcd ready after %.1fs\n", time.Since(t0).Seconds())

	// ---- kube-apiserver
	args := []string{
		"--etcd-servers=" + cu.String(), "--secure-port=" + fmt.Sprint(*port), "--bind-address=" + *host,
		"--tls-cert-file=" + p("apiserver.crt"), "--tls-private-key-file=" + p("apiserver.key"),
		"--client-ca-file=" + p("ca.crt"), "--authorization-mode=Node,RBAC", "--allow-privileged=true",
		"--service-account-key-file=" + p("sa.pub"), "--service-account-signing-key-file=" + p("sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local", "--api-audiences=https://kubernetes.default.svc.cluster.local",
		"--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none",
		"--requestheader-client-ca-file=" + p("front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + p("front-proxy-client.crt"), "--proxy-client-key-file=" + p("front-proxy-client.key"),
		"--enable-bootstrap-token-auth=true", "--profiling=false", "--shutdown-delay-duration=0s",
		"--kubelet-client-certificate=" + p("admin.crt"), "--kubelet-client-key=" + p("admin.key"),
	}
	if *gates != "" {
		args = append(args, "--feature-gates="+*gates)
	}
	if *extraAPI != "" {
		args = append(args, strings.Fields(*extraAPI)...)
	}
	// order matters: the controller-manager overrides a feature-gate default and must be built before the gates close
	c := kcmapp.NewControllerManagerCommand()
	api := apiserverapp.NewAPIServerCommand()
	api.SetArgs(args)
	apictx, apicancel := context.WithCancel(context.Background())
	defer apicancel()
	apiErr := make(chan error, 4)
	go func() { apiErr <- fmt.Errorf("kube-apiserver: %v", api.ExecuteContext(apictx)) }()

	cp := x509.NewCertPool()
	cp.AddCert(ca.cert)
	ac, err := tls.LoadX509KeyPair(p("admin.crt"), p("admin.key"))
	must(err)
	hc := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cp, Certificates: []tls.Certificate{ac}}}}
	waitReady := func(path string) {
		for {
			select {
			case err := <-apiErr:
				must(err)
			case s := <-sig:
				must(fmt.Errorf("%v while starting", s))
			default:
			}
			r, err := hc.Get(server + path)
			if err == nil {
				io.Copy(io.Discard, r.Body)
				r.Body.Close()
				if r.StatusCode == 200 {
					return
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	waitReady("/readyz")
	fmt.Printf("apiserver ready after %.1fs\n", time.Since(t0).Seconds())

	if *kcm {
		a := []string{"--kubeconfig=" + filepath.Join(*dir, "kcm.kubeconfig"), "--leader-elect=false", "--secure-port=0",
			"--use-service-account-credentials=true", "--service-account-private-key-file=" + p("sa.key"), "--root-ca-file=" + p("ca.crt"),
			"--cluster-signing-cert-file=" + p("ca.crt"), "--cluster-signing-key-file=" + p("ca.key"), "--controllers=" + *controllers, "--profiling=false"}
		if *gates != "" {
			a = append(a, "--feature-gates="+*gates)
		}
		c.SetArgs(a)
		go func() { apiErr <- fmt.Errorf("kube-controller-manager: %v", c.ExecuteContext(context.Background())) }()
	}
	if *sched {
		go func() {
			o := schedopts.NewOptions()
			fs := (&cobra.Command{Use: "kube-scheduler"}).Flags()
			for _, f := range o.Flags.FlagSets {
				fs.AddFlagSet(f)
			}
			must(fs.Parse([]string{"--kubeconfig=" + filepath.Join(*dir, "sched.kubeconfig"), "--leader-elect=false", "--secure-port=0", "--profiling=false"}))
			cc, s, err := schedapp.Setup(context.Background(), o)
			must(err)
			apiErr <- fmt.Errorf("kube-scheduler: %v", schedapp.Run(context.Background(), cc, s))
		}()
	}
	waitReady("/api/v1/namespaces/default/serviceaccounts/default")
	fmt.Printf("ready %s kubeconfig=%s after %.1fs\n", server, filepath.Join(*dir, "kubeconfig"), time.Since(t0).Seconds())
	must(os.WriteFile(filepath.Join(*dir, "ready"), []byte(fmt.Sprint(os.Getpid())), 0o644))

	select {
	case err = <-apiErr:
	case s := <-sig:
		err = fmt.Errorf("%v", s)
	}
	os.Remove(filepath.Join(*dir, "ready"))
	done := make(chan struct{})
	go func() { e.Server.HardStop(); close(done) }() // commits and closes the store; Close() would wait for the clients in this process
	select {
	case <-done:
	case <-time.After(3 * time.Second):
	}
	fmt.Println("stopped:", err)
}
