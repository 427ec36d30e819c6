// render: prints the objects of Liqo's own Helm chart that a cluster without containers needs, as a JSON List.
// No helm binary, no network: the chart is read from the module cache.
package main

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"sort"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

type object = map[string]any

// what would need images, hooks or another operator
var skipped = map[string]bool{
	"Deployment": true, "DaemonSet": true, "Job": true, "CronJob": true,
	"ServiceMonitor": true, "PodMonitor": true, "APIService": true, "SecurityContextConstraints": true,
}

var first = map[string]int{"CustomResourceDefinition": -3, "Namespace": -2, "ServiceAccount": -1}

func main() {
	chartDir := flag.String("chart", "", "deployments/liqo inside the Liqo module")
	valuesFile := flag.String("values", "", "values.yaml")
	clusterID := flag.String("cluster-id", "", "cluster ID")
	apiServer := flag.String("api-server", "", "https://127.0.0.1:PORT of this cluster")
	webhookURL := flag.String("webhook-url", "", "https://127.0.0.1:PORT where the webhook process listens")
	caFile := flag.String("webhook-ca", "", "CA of the webhook's certificate")
	podCIDR := flag.String("pod-cidr", "10.200.0.0/16", "addresses of this cluster's pods")
	crdsOnly := flag.Bool("crds-only", false, "print the CRDs only")
	noCRDs := flag.Bool("no-crds", false, "leave the CRDs out")
	tag := flag.String("tag", "v1.2.0", "version shown in labels and image names")
	flag.Parse()

	ch, err := loader.Load(*chartDir)
	must(err)
	var out []object
	if !*noCRDs {
		for _, c := range ch.CRDObjects() {
			var o object
			must(yaml.Unmarshal(c.File.Data, &o))
			out = append(out, o)
		}
	}
	if !*crdsOnly {
		raw, err := os.ReadFile(*valuesFile)
		must(err)
		vals, err := chartutil.ReadValues(raw)
		must(err)
		vals["tag"] = *tag
		vals["discovery"] = object{"config": object{"clusterID": *clusterID}}
		vals["ipam"] = object{"podCIDR": *podCIDR, "serviceCIDR": "10.96.0.0/16"}
		vals["apiServer"] = object{"address": *apiServer}
		must(chartutil.ProcessDependenciesWithMerge(ch, vals))
		caps := chartutil.DefaultCapabilities.Copy()
		caps.KubeVersion = chartutil.KubeVersion{Version: "v1.34.4", Major: "1", Minor: "34"}
		rv, err := chartutil.ToRenderValues(ch, vals, chartutil.ReleaseOptions{Name: "liqo", Namespace: "liqo", IsInstall: true}, caps)
		must(err)
		files, err := engine.Render(ch, rv)
		must(err)
		var ca []byte
		if *caFile != "" {
			ca, err = os.ReadFile(*caFile)
			must(err)
		}
		out = append(out, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": "liqo"}})
		names := make([]string, 0, len(files))
		for n := range files {
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			if path.Base(n) == "NOTES.txt" {
				continue
			}
			for _, doc := range strings.Split("\n"+files[n], "\n---") {
				var o object
				must(yaml.Unmarshal([]byte(doc), &o))
				kind, _ := o["kind"].(string)
				if kind == "" || skipped[kind] {
					continue
				}
				md := o["metadata"].(object)
				if an, ok := md["annotations"].(object); ok && an["helm.sh/hook"] != nil {
					continue
				}
				if md["name"] == "liqo-webhook" && kind == "Service" || md["name"] == "liqo-webhook-certs" && kind == "Secret" {
					continue // the webhook is reached by URL and gets its certificate from us
				}
				if strings.HasSuffix(kind, "WebhookConfiguration") {
					for _, w := range o["webhooks"].([]any) {
						cc := w.(object)["clientConfig"].(object)
						p := cc["service"].(object)["path"].(string)
						w.(object)["clientConfig"] = object{"url": *webhookURL + p, "caBundle": base64.StdEncoding.EncodeToString(ca)}
					}
				}
				if md["namespace"] == nil {
					switch kind {
					case "ClusterRole", "ClusterRoleBinding", "Namespace", "RuntimeClass", "StorageClass", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "PriorityClass":
					default:
						md["namespace"] = "liqo"
					}
				}
				out = append(out, o)
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		return first[out[i]["kind"].(string)] < first[out[j]["kind"].(string)]
	})
	b, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": out})
	must(err)
	os.Stdout.Write(append(b, '\n'))
}
